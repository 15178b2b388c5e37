package provider

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
)

// Names of the two columns that are read, as columnKey writes them.
//
// Sources: Username and MFA Status are the columns of BulkUpdateMFASampleFile.csv, the sample of the bulk update of the per-user
// MFA portal. No page of Microsoft's documentation describes it; scripts that read it do, such as the one of Microsoft's former
// script gallery: https://github.com/azureautomation/powershell-to-enable-azure-mfa-for-bulk-user-using-bulkupdatemfasamplefile-csv
// UserPrincipalName and MFA Status are those of the export in
// https://learn.microsoft.com/entra/identity/authentication/howto-mfa-reporting, UserPrincipalName and PerUserMFAState those of
// https://learn.microsoft.com/powershell/entra-powershell/how-to-manage-per-user-mfa, where Graph's property is perUserMfaState.
var (
	csvUserColumns  = []string{"username", "userprincipalname"}
	csvStateColumns = []string{"mfastatus", "perusermfastate", "state"}
)

// readUsersCSV reads a list of users and their per-user MFA states: the file of the portal's bulk update, a PowerShell export, or
// one that somebody wrote. A heading names the columns, in any order and beside any others; fields are separated by comma,
// semicolon (Excel, where the comma is the decimal sign) or tab. All mistakes are in one error, each with its line: a list that is
// read in part would take those who are missing for people who are not to be managed any more.
//
// The keys of the result are the users as the text spells them.
func readUsersCSV(text string) (map[string]client.MFAState, error) {
	if strings.ContainsRune(text, 0) {
		return nil, errors.New("the text holds NUL characters: it is probably in UTF-16, as Windows PowerShell writes it with > and Out-File; " +
			`read the file with textdecodebase64(filebase64(path), "UTF-16LE")`)
	}
	body, skipped, separators := skipCSVPreamble(text)
	if body == "" {
		return nil, errors.New("there is nothing in it: the first line has to name the columns, as in Username,MFA Status")
	}
	heading, rows, err := readCSVHeading(body, separators)
	if err != nil {
		return nil, errors.New(clipped(fmt.Sprintf("line %d: %v", skipped+1, err)))
	}
	users := csvUsers{csvHeading: heading, states: map[string]client.MFAState{}, lines: map[string]int{}}
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
	switch {
	case len(mistakes) == 1:
		return nil, errors.New(mistakes[0])
	case len(mistakes) > 1:
		return nil, fmt.Errorf("%d lines cannot be read:\n%s\nNo user is taken from a list with mistakes", len(mistakes), boundedList(mistakes))
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
	states map[string]client.MFAState
	// lines are where the users stand, by their names in lower case.
	lines map[string]int
}

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
		return errors.New("no user")
	}
	if err := checkUserKey(user); err != nil {
		return err
	}
	key := strings.ToLower(user)
	if first, twice := u.lines[key]; twice {
		return fmt.Errorf("%q is in line %d already; keep one of the two", user, first)
	}
	u.lines[key] = line
	if status == "" {
		return fmt.Errorf("no state for %q; write Disabled or Enabled, or leave the user out", user)
	}
	state, err := client.ParseMFAState(strings.ToLower(status))
	if err != nil {
		return fmt.Errorf("%q of %q is no per-user MFA state; write Disabled, Enabled or Enforced", status, user)
	}
	u.states[user] = state
	return nil
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

// csvHeading is where the two columns are.
type csvHeading struct{ user, state, fields int }

// readCSVHeading reads the names of the columns with the separator with which they are the right ones. The rows come out of the reader.
func readCSVHeading(body string, separators []rune) (csvHeading, *csv.Reader, error) {
	var (
		most    []string
		problem error
	)
	for _, separator := range separators {
		rows := csv.NewReader(strings.NewReader(body))
		rows.Comma, rows.FieldsPerRecord = separator, -1
		// Of a tab it would make nothing.
		rows.TrimLeadingSpace = separator != '\t'
		names, err := rows.Read()
		if err != nil {
			continue
		}
		heading, err := newCSVHeading(names)
		if err == nil {
			return heading, rows, nil
		}
		if len(names) > len(most) {
			most, problem = names, err
		}
	}
	if problem == nil {
		problem = errors.New("the names of the columns cannot be read: a quotation mark is not closed")
	}
	return csvHeading{}, nil, problem
}

func newCSVHeading(names []string) (csvHeading, error) {
	user, err := findCSVColumn(names, csvUserColumns, "users", "Username or UserPrincipalName")
	if err != nil {
		return csvHeading{}, err
	}
	state, err := findCSVColumn(names, csvStateColumns, "states", "MFA Status, PerUserMFAState or state")
	if err != nil {
		return csvHeading{}, err
	}
	return csvHeading{user: user, state: state, fields: len(names)}, nil
}

// findCSVColumn finds the one column with one of the names that are known. Two of them could say two different things.
func findCSVColumn(names, known []string, what, spelled string) (int, error) {
	var found []int
	for at, name := range names {
		if slices.ContainsFunc(known, func(one string) bool { return one == columnKey(name) }) {
			found = append(found, at)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		quoted := make([]string, len(names))
		for i, name := range names {
			quoted[i] = fmt.Sprintf("%q", strings.TrimSpace(name))
		}
		return 0, fmt.Errorf("no column is called %s; the first line has to name the columns, and here it is %s", spelled, nameSome(quoted, namedInErrors))
	}
	return 0, fmt.Errorf("two columns could be the %s, %q and %q; remove or rename one of them", what, names[found[0]], names[found[1]])
}

// columnKey is what of a column's name counts: letters and digits, without case.
func columnKey(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, name)
}
