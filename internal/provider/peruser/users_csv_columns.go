package peruser

import (
	"encoding/csv"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/diagnose"
)

// Names of the two columns that are read, as columnKey writes them.
//
// Sources: Username and MFA Status are the columns of BulkUpdateMFASampleFile.csv, the sample of the bulk update of the per-user
// MFA portal. No page of Microsoft's documentation describes it; scripts that read it do, such as the one of Microsoft's former
// script gallery: https://github.com/azureautomation/powershell-to-enable-azure-mfa-for-bulk-user-using-bulkupdatemfasamplefile-csv
// UserPrincipalName and MFA Status are those of the export in
// https://learn.microsoft.com/entra/identity/authentication/howto-mfa-reporting, UserPrincipalName and PerUserMFAState those of
// https://learn.microsoft.com/powershell/entra-powershell/how-to-manage-per-user-mfa, where Graph's property is perUserMfaState.
// UPN and Per-user MFA Status are those of https://blog.admindroid.com/export-mfa-status-report-for-entra-id-accounts-using-powershell,
// UPN and PerUser those of the MFA report of https://github.com/KelvinTegelaar/CIPP, and Multi-Factor Auth Status is the heading on
// the page of the per-user MFA portal.
var (
	csvUserColumns  = []string{"username", "userprincipalname", "upn"}
	csvStateColumns = []string{ambiguousStateColumn, "perusermfastate", "perusermfastatus", "peruser", "multifactorauthstatus", "state"}
)

// ambiguousStateColumn is the per-user MFA state in some reports. In others it says whether a method is registered, also by the words
// Enabled and Disabled: read as states, these would take MFA away from everybody who has not registered.
const ambiguousStateColumn = "mfastatus"

// registrationColumns are columns that such reports have, as columnKey writes them, or parts of them. Those of
// https://o365reports.com/2022/04/27/get-mfa-status-of-office-365-users-using-microsoft-graph-powershell and of
// https://www.alitajran.com/get-mfa-status-entra, which many scripts are made from, are among them.
var registrationColumns = []string{
	"authenticationmethods", "authmethod", "authenticatorapp", "authenticatorconfigured", "thirdpartyauthenticator", "3rdpartyauthenticator", "fido2",
	"softwareoath", "temporaryaccesspass", "tempaccess", "windowshello", "hellobusiness", "mfaregist", "mfacapable",
}

// csvHeading is where the two columns are, and what they are called.
type csvHeading struct {
	user, state, fields int
	userName, stateName string
}

// readCSVHeading reads the names of the columns with the separator with which they are the right ones. The rows come out of the reader.
func readCSVHeading(body string, separators []rune, options csvOptions) (csvHeading, *csv.Reader, error) {
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
		heading, err := newCSVHeading(names, options)
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

func newCSVHeading(names []string, options csvOptions) (csvHeading, error) {
	user, err := findCSVColumn(names, csvUserColumns, "users", "Username, UserPrincipalName or UPN", "user_column", options.userColumn)
	if err != nil {
		return csvHeading{}, err
	}
	state, err := findCSVColumn(names, csvStateColumns, "states", "MFA Status, Per-user MFA Status, PerUserMFAState, PerUser, Multi-Factor Auth Status or state",
		"state_column", options.stateColumn)
	switch {
	case err != nil:
		return csvHeading{}, err
	case user == state:
		return csvHeading{}, fmt.Errorf("user_column and state_column are both %q", names[user])
	case options.states == nil && columnKey(names[state]) == ambiguousStateColumn:
		if at := slices.IndexFunc(names, isRegistrationColumn); at >= 0 {
			return csvHeading{}, fmt.Errorf("%q beside %q says who has registered a method, and not the per-user MFA state; use a report of the latter, or say what "+
				`the values are to mean: users_from_csv(file("users.csv"), { states = { ... } })`, strings.TrimSpace(names[state]), strings.TrimSpace(names[at]))
		}
	}
	return csvHeading{user: user, state: state, fields: len(names), userName: strings.TrimSpace(names[user]), stateName: strings.TrimSpace(names[state])}, nil
}

func isRegistrationColumn(name string) bool {
	key := columnKey(name)
	return slices.ContainsFunc(registrationColumns, func(part string) bool { return strings.Contains(key, part) })
}

// findCSVColumn finds the one column that the option names, or the one with a name that is known. Two of them could say two different things.
func findCSVColumn(names, known []string, what, spelled, option, named string) (int, error) {
	fits := func(name string) bool { return slices.Contains(known, columnKey(name)) }
	if named != "" {
		fits = func(name string) bool { return strings.EqualFold(strings.TrimSpace(name), strings.TrimSpace(named)) }
		if !slices.ContainsFunc(names, fits) && columnKey(named) != "" {
			fits = func(name string) bool { return columnKey(name) == columnKey(named) }
		}
		spelled = fmt.Sprintf("%q", named)
	}
	var found []int
	for at, name := range names {
		if fits(name) {
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
		wayOut := fmt.Sprintf(`; name the column of the %s in a second argument: users_from_csv(file("users.csv"), { %s = "..." })`, what, option)
		if named != "" {
			wayOut = "; correct " + option
		}
		return 0, fmt.Errorf("no column is called %s; the first line has to name the columns, and here it is %s%s", spelled, diagnose.Names(quoted, diagnose.NamedInErrors), wayOut)
	}
	return 0, fmt.Errorf("two columns could be the %s, %q and %q; remove or rename one of them, or name the right one with %s", what, names[found[0]], names[found[1]], option)
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
