package transport

import (
	"fmt"
	"io"
	"log"
	"time"

	azlog "github.com/Azure/azure-sdk-for-go/sdk/azcore/log"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/redact"
)

// FilterLibraryLogs has what libraries log go to stderr without secrets: net/http repeats the beginning of answers that
// nobody asked for, and where AZURE_SDK_GO_LOGGING wants it, Microsoft's SDK repeats whole errors of the sign-in service. It is for
// a program to call before it makes a client.
//
// Source: https://learn.microsoft.com/azure/developer/go/azure-sdk-logging
func FilterLibraryLogs(stderr io.Writer, getenv func(string) string) {
	filtered := redact.Writer(stderr)
	log.SetOutput(filtered)
	if getenv("AZURE_SDK_GO_LOGGING") == "all" {
		azlog.SetListener(func(event azlog.Event, message string) {
			fmt.Fprintf(filtered, "[%s] %s: %s\n", time.Now().Format(time.StampMicro), event, message)
		})
	}
}
