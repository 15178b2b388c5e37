// Command providerschema writes what `terraform providers schema -json` prints for this provider, without any CLI:
// the documentation generator then needs neither a download nor a CLI that is new enough to know identities,
// list resources and actions.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider"
)

func main() {
	out := flag.String("o", "", "file to write; standard output when empty")
	flag.Parse()

	if err := run(context.Background(), *out); err != nil {
		fmt.Fprintln(os.Stderr, "providerschema:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out string) error {
	schemas, err := providerSchemas(ctx, providerserver.NewProtocol6(provider.New("dev")())())
	if err != nil {
		return err
	}

	text, err := json.MarshalIndent(schemas, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding the schema: %w", err)
	}
	text = append(text, '\n')

	if out == "" {
		_, err = os.Stdout.Write(text)
		return err
	}
	return os.WriteFile(out, text, 0o600)
}
