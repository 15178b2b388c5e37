package server_test

import (
	"testing"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/server"
)

func TestTheFrameworkLogsWhatTerraformShows(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		environment map[string]string
		want        string
	}{
		"no log":                             {nil, "OFF"},
		"the log of Terraform alone":         {map[string]string{"TF_LOG_CORE": "TRACE", "TF_LOG_PATH": "log"}, "OFF"},
		"off":                                {map[string]string{"TF_LOG": "off"}, "OFF"},
		"one level for all":                  {map[string]string{"TF_LOG": "debug"}, "DEBUG"},
		"one level for providers":            {map[string]string{"TF_LOG_PROVIDER": "INFO"}, "INFO"},
		"the level for providers goes first": {map[string]string{"TF_LOG": "TRACE", "TF_LOG_PROVIDER": "ERROR"}, "ERROR"},
		"and says more":                      {map[string]string{"TF_LOG": "WARN", "TF_LOG_PROVIDER": "trace"}, ""},
		"everything":                         {map[string]string{"TF_LOG": "TRACE"}, ""},
		"everything as JSON":                 {map[string]string{"TF_LOG": "JSON"}, ""},
		"a level that Terraform calls TRACE": {map[string]string{"TF_LOG": "1"}, ""},
		"chosen for the framework":           {map[string]string{"TF_LOG_SDK_FRAMEWORK": "WARN", "TF_LOG": "DEBUG"}, ""},
		"chosen for all SDKs":                {map[string]string{"TF_LOG_SDK": "ERROR", "TF_LOG": "DEBUG"}, ""},
	} {
		if have := server.FrameworkLogLevel(func(name string) string { return c.environment[name] }); have != c.want {
			t.Errorf("%s: %q, want %q", name, have, c.want)
		}
	}
}
