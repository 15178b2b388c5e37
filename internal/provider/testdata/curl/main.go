// Command curl does what the examples ask of curl, on machines without it. It knows the flags that they use and no others.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/spf13/pflag"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "curl:", err)
		os.Exit(22)
	}
}

func run() error {
	authority := pflag.String("cacert", "", "")
	body := pflag.String("json", "", "")
	method := pflag.String("request", "", "")
	file := pflag.String("output", "", "")
	for _, name := range []string{"fail", "silent", "show-error"} {
		pflag.Bool(name, false, "")
	}
	pflag.Parse()
	if pflag.NArg() != 1 {
		return fmt.Errorf("%d addresses", pflag.NArg())
	}
	switch {
	case *method != "":
	case pflag.CommandLine.Changed("json"):
		*method = http.MethodPost
	default:
		*method = http.MethodGet
	}
	trusted, err := os.ReadFile(*authority)
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(trusted)
	request, err := http.NewRequest(*method, pflag.Arg(0), strings.NewReader(*body))
	if err != nil {
		return err
	}
	if pflag.CommandLine.Changed("json") {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := (&http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}).Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode >= 400 {
		return fmt.Errorf("the requested URL returned error: %d", response.StatusCode)
	}
	to := os.Stdout
	if *file != "" {
		if to, err = os.Create(*file); err != nil {
			return err
		}
		defer to.Close()
	}
	_, err = io.Copy(to, response.Body)
	return err
}
