package server

import "strings"

// FrameworkLogVariable sets the level of the plugin framework's own log.
//
// Source: https://developer.hashicorp.com/terraform/plugin/log/managing
const FrameworkLogVariable = "TF_LOG_SDK_FRAMEWORK"

// FrameworkLogLevel is the level to set in FrameworkLogVariable before the provider is served, or nothing where the
// framework's log is to stay as it is.
//
// Without a level the framework writes a line for each element of each map, and Terraform drops it unless it was asked
// for a log. That is not cheap: each line looks for the logger behind what the lines before it have left in the context,
// so the time grows with the square of the elements. Ten thousand users took a minute to plan, and take a few seconds
// where the lines that nobody gets to see are not written.
//
// Source: https://github.com/hashicorp/terraform-plugin-framework/issues/1269
func FrameworkLogLevel(getenv func(string) string) string {
	// Somebody has chosen what the framework writes.
	if getenv(FrameworkLogVariable) != "" || getenv("TF_LOG_SDK") != "" {
		return ""
	}
	shown := getenv("TF_LOG_PROVIDER")
	if shown == "" {
		shown = getenv("TF_LOG")
	}
	switch level := strings.ToUpper(shown); level {
	case "":
		return "OFF"
	case "OFF", "ERROR", "WARN", "INFO", "DEBUG":
		return level
	}
	// TRACE, JSON, and what Terraform does not know and takes for TRACE.
	return ""
}
