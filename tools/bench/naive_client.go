package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/tools/internal/sandbox"
)

// naiveClient reads users as a provider would that sends a request for each read.
type naiveClient struct {
	graph, authority, tenant, client, secret string
	roots                                    *x509.CertPool
}

func newNaiveClient(variables []sandbox.Variable) (*naiveClient, error) {
	values := map[string]string{}
	for _, v := range variables {
		values[v.Name] = v.Value
	}
	ca, err := os.ReadFile(values["ENTRAMFA_CA_BUNDLE_PATH"])
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(ca) {
		return nil, errors.New("the emulator's CA bundle holds no certificate in PEM")
	}
	return &naiveClient{
		graph: strings.TrimSuffix(values["ENTRAMFA_GRAPH_ENDPOINT"], "/"), authority: strings.TrimSuffix(values["ENTRAMFA_AUTHORITY_HOST"], "/"),
		tenant: values["ARM_TENANT_ID"], client: values["ARM_CLIENT_ID"], secret: values["ARM_CLIENT_SECRET"], roots: roots,
	}, nil
}

// naiveAtOneTime is what Terraform does by itself.
const naiveAtOneTime = 10

// read signs in and reads the state of each user, with connections of its own.
func (c *naiveClient) read(ctx context.Context, users []control.User) (sample, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: c.roots, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true, MaxIdleConnsPerHost: naiveAtOneTime,
	}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}

	begin := time.Now()
	token, err := c.signIn(ctx, client)
	if err != nil {
		return sample{}, err
	}
	keys := make(chan string)
	var workers sync.WaitGroup
	for range naiveAtOneTime {
		workers.Go(func() {
			for key := range keys {
				if err := c.readOne(ctx, client, token, key); err != nil {
					cancel(err)
				}
			}
		})
	}
	for i := range users {
		select {
		case keys <- users[i].ID:
		case <-ctx.Done():
		}
	}
	close(keys)
	workers.Wait()
	return sample{wall: time.Since(begin)}, context.Cause(ctx)
}

func (c *naiveClient) signIn(ctx context.Context, client *http.Client) (string, error) {
	form := url.Values{
		"grant_type": {"client_credentials"}, "client_id": {c.client}, "client_secret": {c.secret}, "scope": {c.graph + "/.default"},
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.authority+"/"+c.tenant+"/oauth2/v2.0/token", strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	body, err := send(client, request)
	if err != nil {
		return "", fmt.Errorf("signing in: %w", err)
	}
	var answer struct {
		AccessToken string `json:"access_token"`
	}
	return answer.AccessToken, json.Unmarshal(body, &answer)
}

func (c *naiveClient) readOne(ctx context.Context, client *http.Client, token, user string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.graph+"/beta/users/"+user+"/authentication/requirements", http.NoBody)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	_, err = send(client, request)
	return err
}

func send(client *http.Client, request *http.Request) ([]byte, error) {
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s %s: %s", request.Method, request.URL.Path, response.Status)
	}
	return body, nil
}
