package sandbox

import (
	"fmt"
	"regexp"
	"strings"
)

// Variable is an environment variable of the emulator's env file.
type Variable struct{ Name, Value string }

// secret reports whether the value must not be shown.
func (v Variable) secret() bool {
	return strings.HasSuffix(v.Name, "_SECRET") || strings.HasSuffix(v.Name, "_PASSWORD") || strings.HasSuffix(v.Name, "_TOKEN")
}

var exportPattern = regexp.MustCompile(`^export ([A-Za-z_][A-Za-z0-9_]*)=(.*)$`)

// parseEnvFile reads lines for a POSIX shell of the form export NAME='value', where a quote in the value is '\”.
// An error names the line and the variable and not the value, which may be a secret.
func parseEnvFile(text string) ([]Variable, error) {
	var variables []Variable
	for i, line := range strings.Split(text, "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		parts := exportPattern.FindStringSubmatch(line)
		if parts == nil {
			return nil, fmt.Errorf("line %d is not export NAME='value'", i+1)
		}
		value, ok := unquote(parts[2])
		if !ok {
			return nil, fmt.Errorf("line %d: the value of %s is not in single quotes", i+1, parts[1])
		}
		variables = append(variables, Variable{Name: parts[1], Value: value})
	}
	return variables, nil
}

func unquote(quoted string) (string, bool) {
	if len(quoted) < 2 || !strings.HasPrefix(quoted, "'") || !strings.HasSuffix(quoted, "'") {
		return "", false
	}
	pieces := strings.Split(quoted[1:len(quoted)-1], `'\''`)
	for _, piece := range pieces {
		if strings.Contains(piece, "'") {
			return "", false
		}
	}
	return strings.Join(pieces, "'"), true
}

// cliEnvironment is the environment of the CLI: the caller's, without the settings that would decide which provider is
// installed, who signs in or what is printed, and with those that lead it.
func cliEnvironment(inherited []string, own []Variable) []string {
	var env []string
	for _, entry := range inherited {
		name, _, _ := strings.Cut(entry, "=")
		if !decides(name) {
			env = append(env, entry)
		}
	}
	for _, v := range own {
		env = append(env, v.Name+"="+v.Value)
	}
	return env
}

func decides(name string) bool {
	for _, prefix := range []string{"TF_", "ARM_", "AZURE_", "ENTRAMFA_", "XDG_"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return name == "HOME" || name == "CHECKPOINT_DISABLE"
}
