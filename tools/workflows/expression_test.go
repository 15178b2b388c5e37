package workflows

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// expression evaluates what stands in the conditions of the three: comparisons, && and ||, calls of functions, and names of values. It
// knows no more than that, and refuses what it does not know.
type expression struct {
	tokens    []string
	lookUp    func(name string) (string, bool)
	functions map[string]func(arguments ...string) string
}

var tokenPattern = regexp.MustCompile(`\s*('[^']*'|"[^"]*"|&&|\|\||==|!=|[!(),]|\$?[A-Za-z_](?:[A-Za-z0-9_.-]|\['[^']*'\])*)`)

// truth is the value of true. False and what is not set are empty.
const truth = "true"

func truthOf(yes bool) string {
	if yes {
		return truth
	}
	return ""
}

// evaluate returns the value of an expression: a text, truth, or nothing.
func evaluate(text string, lookUp func(string) (string, bool), functions map[string]func(...string) string) (string, error) {
	e := &expression{lookUp: lookUp, functions: functions}
	for rest := strings.TrimSpace(text); rest != ""; rest = strings.TrimSpace(rest) {
		found := tokenPattern.FindStringSubmatchIndex(rest)
		if found == nil || found[0] != 0 {
			return "", fmt.Errorf("%q: %q is not understood", text, rest)
		}
		e.tokens = append(e.tokens, rest[found[2]:found[3]])
		rest = rest[found[1]:]
	}
	value, err := e.or()
	if err == nil && len(e.tokens) > 0 {
		err = fmt.Errorf("%q is left over", e.tokens)
	}
	if err != nil {
		return "", fmt.Errorf("%q: %w", text, err)
	}
	return value, nil
}

func (e *expression) next(token string) bool {
	if len(e.tokens) == 0 || e.tokens[0] != token {
		return false
	}
	e.tokens = e.tokens[1:]
	return true
}

func (e *expression) or() (string, error) {
	value, err := e.and()
	for err == nil && e.next("||") {
		var other string
		if other, err = e.and(); value == "" {
			value = other
		}
	}
	return value, err
}

func (e *expression) and() (string, error) {
	value, err := e.comparison()
	for err == nil && e.next("&&") {
		var other string
		if other, err = e.comparison(); value != "" {
			value = other
		}
	}
	return value, err
}

func (e *expression) comparison() (string, error) {
	value, err := e.operand()
	if err != nil {
		return "", err
	}
	for _, operator := range []string{"==", "!="} {
		if e.next(operator) {
			other, err := e.operand()
			return truthOf((value == other) == (operator == "==")), err
		}
	}
	return value, nil
}

func (e *expression) operand() (string, error) {
	if e.next("!") {
		value, err := e.operand()
		return truthOf(value == ""), err
	}
	if e.next("(") {
		value, err := e.or()
		if err == nil && !e.next(")") {
			err = fmt.Errorf("a parenthesis is not closed")
		}
		return value, err
	}
	if len(e.tokens) == 0 {
		return "", fmt.Errorf("it ends too early")
	}
	token := e.tokens[0]
	e.tokens = e.tokens[1:]
	if token[0] == '\'' || token[0] == '"' {
		return token[1 : len(token)-1], nil
	}
	if e.next("(") {
		return e.call(token)
	}
	name := strings.NewReplacer("['", ".", "']", "").Replace(token)
	value, ok := e.lookUp(name)
	if !ok {
		return "", fmt.Errorf("nobody knows %s", name)
	}
	return value, nil
}

func (e *expression) call(name string) (string, error) {
	function, ok := e.functions[name]
	if !ok {
		return "", fmt.Errorf("nobody knows the function %s", name)
	}
	var arguments []string
	for !e.next(")") {
		if len(arguments) > 0 && !e.next(",") {
			return "", fmt.Errorf("%s(): a comma is missing", name)
		}
		value, err := e.or()
		if err != nil {
			return "", err
		}
		arguments = append(arguments, value)
	}
	return function(arguments...), nil
}

func TestExpressions(t *testing.T) {
	values := map[string]string{"github.event_name": "push", "variables.Build.Reason": "IndividualCI", "$CI_BRANCH": "main", "$EMPTY": ""}
	lookUp := func(name string) (string, bool) { value, ok := values[name]; return value, ok }
	functions := map[string]func(...string) string{
		"always": func(...string) string { return truth },
		"eq":     func(pair ...string) string { return truthOf(pair[0] == pair[1]) },
	}
	for text, want := range map[string]string{
		`github.event_name == 'push'`:                     truth,
		`github.event_name != 'push'`:                     "",
		`github.event_name == 'a' && 'yes' || 'no'`:       "no",
		`github.event_name == 'push' && 'yes' || 'no'`:    "yes",
		`!always() || (github.event_name == 'push')`:      truth,
		`eq(variables['Build.Reason'], 'IndividualCI')`:   truth,
		`$EMPTY && $EMPTY != $CI_BRANCH`:                  "",
		`$CI_BRANCH == "main"`:                            truth,
		"eq(\n  variables['Build.Reason'],\n  'other'\n)": "",
	} {
		if got, err := evaluate(text, lookUp, functions); got != want || err != nil {
			t.Errorf("%s is %q, %v, want %q", text, got, err, want)
		}
	}
	for _, text := range []string{"", "github.actor", "never()", "'a' ==", "('a'", "'a' 'b'", "eq('a' 'b')", "3 > 2"} {
		if got, err := evaluate(text, lookUp, functions); err == nil {
			t.Errorf("%q is %q, want an error", text, got)
		}
	}
}
