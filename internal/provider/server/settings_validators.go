package server

import (
	"fmt"
	"net/url"

	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/value"
)

func endpointValidator() validator.String {
	return value.CheckedText("must be https:// and a host", "Invalid endpoint", func(text string) error {
		_, err := client.ParseEndpoint(text)
		return err
	})
}

func httpsURLValidator() validator.String {
	return value.CheckedText("must be an HTTPS address", "Invalid address", func(text string) error {
		address, err := url.Parse(text)
		if err != nil || address.Scheme != "https" || address.Host == "" {
			return fmt.Errorf("%q is not an https:// address; a token is sent there, and never without TLS", text)
		}
		return nil
	})
}
