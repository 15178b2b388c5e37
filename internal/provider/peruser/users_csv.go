package peruser

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/mfa"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/diagnose"
)

// readUsersCSV reads a list of users and their per-user MFA states: the file of the portal's bulk update, a PowerShell export, or
// one that somebody wrote. A heading names the columns, in any order and beside any others; fields are separated by comma,
// semicolon (Excel, where the comma is the decimal sign) or tab. All mistakes are in one error, each with its line: a list that is
// read in part would take those who are missing for people who are not to be managed any more.
//
// The keys of the result are the users as the text spells them.
func readUsersCSV(text string, options csvOptions) (map[string]mfa.State, error) {
	text, guessed, err := csvText(text)
	if err != nil {
		return nil, err
	}
	body, skipped, separators := skipCSVPreamble(text)
	if body == "" {
		return nil, errors.New("there is nothing in it: the first line has to name the columns, as in Username,MFA Status")
	}
	heading, rows, err := readCSVHeading(body, separators, options)
	if err != nil {
		return nil, errors.New(clipped(fmt.Sprintf("line %d: %v", skipped+1, err)))
	}
	users := csvUsers{
		csvHeading: heading, csvOptions: options, guessed: guessed, states: map[string]mfa.State{}, rows: map[string]csvRow{}, unknown: new(bool),
	}
	var mistakes []string
	for {
		record, err := rows.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		var broken *csv.ParseError
		if errors.As(err, &broken) {
			mistakes = append(mistakes, fmt.Sprintf(`line %d: a quotation mark is not closed, or stands inside of a field; a field that holds one is quoted as a whole, `+
				`with the mark doubled: "say ""hello"""`, skipped+broken.StartLine))
			continue
		} else if err != nil {
			return nil, err
		}
		line, _ := rows.FieldPos(0)
		if err := users.add(record, skipped+line); err != nil {
			mistakes = append(mistakes, clipped(fmt.Sprintf("line %d: %v", skipped+line, err)))
		}
	}
	wayOut := ""
	if *users.unknown {
		wayOut = "\n" + statesWayOut
		if options.states != nil {
			wayOut = "\nCorrect the file, or add the value to states, where null leaves a row out"
		}
	}
	switch {
	case len(mistakes) == 1:
		return nil, errors.New(mistakes[0] + wayOut)
	case len(mistakes) > 1:
		return nil, fmt.Errorf("%d lines cannot be read:\n%s\nNo user is taken from a list with mistakes%s", len(mistakes), diagnose.List(mistakes), wayOut)
	case len(users.states) == 0:
		return nil, errors.New("there is no user in it, only the names of the columns; an export that failed looks like this, and an empty list " +
			"would take per-user MFA away from those who were in it before")
	}
	return users.states, nil
}

// longestCSVMistake is how many characters of a mistake are shown: what is no list of users can have lines of any length.
const longestCSVMistake = 400

func clipped(text string) string {
	if runes := []rune(text); len(runes) > longestCSVMistake {
		return string(runes[:longestCSVMistake]) + "..."
	}
	return text
}

// csvUsers are the users of the rows so far.
type csvUsers struct {
	csvHeading
	csvOptions
	// guessed says that nobody knows which characters those outside of ASCII are.
	guessed bool
	states  map[string]mfa.State
	// rows are where the users stand, and as what, by their names in lower case.
	rows map[string]csvRow
	// unknown is set once there was a value without a meaning.
	unknown *bool
}

type csvRow struct {
	line   int
	status string
}

// statesWayOut is said once, after all lines.
const statesWayOut = "Correct the file, or say in a second argument what its values mean, each of them: " +
	`users_from_csv(file("users.csv"), { states = { "Yes" = "enabled", "No" = "disabled", "" = null } }), where null leaves a row out`

// add takes over a row.
func (u csvUsers) add(record []string, line int) error {
	// Excel leaves out separators at the end of some rows and adds some to others.
	for len(record) > 0 && strings.TrimSpace(record[len(record)-1]) == "" {
		record = record[:len(record)-1]
	}
	field := func(at int) string {
		if at < len(record) {
			return strings.TrimSpace(record[at])
		}
		return ""
	}
	user, status := field(u.user), field(u.state)
	switch {
	case len(record) == 0:
		return nil
	case len(record) > u.fields:
		return fmt.Errorf("%d fields where there are %d columns; put a field that holds the separator in quotation marks", len(record), u.fields)
	case user == "":
		return fmt.Errorf("no user in column %q", u.userName)
	case u.guessed && !isASCII(user):
		return fmt.Errorf("%q: which characters these are is not certain, because the file is in neither UTF-8 nor UTF-16; "+
			`save it as "CSV UTF-8", or name its encoding: textdecodebase64(filebase64("users.csv"), "windows-1252")`, user)
	}
	if err := checkUserKey(user); err != nil {
		return fmt.Errorf("%w, in column %q", err, u.userName)
	}
	key := strings.ToLower(user)
	if first, twice := u.rows[key]; twice {
		if strings.EqualFold(first.status, status) {
			return fmt.Errorf("%q is in line %d already; keep one of the two", user, first.line)
		}
		return fmt.Errorf("%q is %q here and %q in line %d; keep the one that is right", user, status, first.status, first.line)
	}
	u.rows[key] = csvRow{line, status}
	state, skip, err := u.meaning(user, status)
	if err != nil {
		*u.unknown = true
		return err
	}
	if !skip {
		u.states[user] = state
	}
	return nil
}

// meaning is the state that a value of the column says, or that its row is left out.
func (u csvUsers) meaning(user, status string) (state mfa.State, skip bool, err error) {
	if u.csvOptions.states != nil {
		meant, named := u.csvOptions.states[stateKey(status)]
		switch {
		case !named:
			return "", false, fmt.Errorf("%q of %q in column %q is not among states", status, user, u.stateName)
		case meant == nil:
			return "", true, nil
		}
		return *meant, false, nil
	}
	if status == "" {
		return "", false, fmt.Errorf("no state for %q in column %q; write Disabled or Enabled, or leave the user out", user, u.stateName)
	}
	if state, err = mfa.ParseState(strings.ToLower(status)); err != nil {
		return "", false, fmt.Errorf("%q of %q in column %q is not a per-user MFA state, which is Disabled, Enabled or Enforced", status, user, u.stateName)
	}
	return state, false, nil
}

func isASCII(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r > unicode.MaxASCII })
}

// skipCSVPreamble leaves out what stands before the heading: a byte order mark, empty lines, the line about the type that
// Export-Csv of Windows PowerShell writes, and Excel's line about the separator, which decides. skipped counts the lines.
func skipCSVPreamble(text string) (body string, skipped int, separators []rune) {
	body, separators = strings.TrimPrefix(text, "\ufeff"), []rune{',', ';', '\t'}
	for body != "" {
		line, rest, _ := strings.Cut(body, "\n")
		line = strings.TrimRight(line, "\r")
		named := []rune(line)
		switch {
		case strings.TrimSpace(line) == "", strings.HasPrefix(line, "#TYPE "):
		case len(named) == 5 && strings.EqualFold(string(named[:4]), "sep=") && slices.Contains(separators, named[4]):
			separators = []rune{named[4]}
		default:
			return body, skipped, separators
		}
		body, skipped = rest, skipped+1
	}
	return "", skipped, separators
}
