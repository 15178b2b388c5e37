// Package value has the values and the validators of attributes that resources share: texts and ids, sets of ids, whole numbers, lists of
// IP ranges. It sends no request.
package value

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/diagnose"
)

// maxDisplayName is how many characters the name of a policy or of a named location has at most.
const maxDisplayName = 256

// DisplayName is a validator of the display name of an object, such as "a policy". why says what a name is for.
func DisplayName(object, why string) validator.String {
	return CheckedText(fmt.Sprintf("must be 1 to %d characters", maxDisplayName), "Invalid display name", func(text string) error {
		if strings.TrimSpace(text) == "" {
			return fmt.Errorf("the name is empty; %s", why)
		}
		if n := utf8.RuneCountInString(text); n > maxDisplayName {
			return fmt.Errorf("the name of %s has at most %d characters, and this one has %d: %q", object, maxDisplayName, n, string([]rune(text)[:40])+"...")
		}
		return nil
	})
}

// CheckedText is a validator of texts made of a function that returns what is wrong with a text and what to do. A text that is null or
// unknown passes.
func CheckedText(description, summary string, check func(text string) error) validator.String {
	return stringCheck{description: description, summary: summary, check: check}
}

type stringCheck struct {
	description string
	summary     string
	check       func(text string) error
}

func (c stringCheck) Description(context.Context) string         { return c.description }
func (c stringCheck) MarkdownDescription(context.Context) string { return c.description }

func (c stringCheck) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if err := c.check(req.ConfigValue.ValueString()); err != nil {
		detail := diagnose.Sentence(err.Error())
		// The CLI shows the line of the attribute of the resource, not that of one within it.
		if len(req.Path.Steps()) > 1 {
			detail = "In " + attributeName(req.Path) + ": " + detail
		}
		resp.Diagnostics.AddAttributeError(req.Path, c.summary, detail)
	}
}

// attributeName is an attribute as people write it, such as include.user_ids, without the key of an element.
func attributeName(at path.Path) string {
	var names []string
	for _, step := range at.Steps() {
		if name, ok := step.(path.PathStepAttributeName); ok {
			names = append(names, string(name))
		}
	}
	return strings.Join(names, ".")
}

// NotNull says what to write where a required attribute is null, as a variable without a value is. Terraform itself says only that
// the provider wants one.
func NotNull(values ...string) validator.String { return requiredText{values} }

type requiredText struct{ values []string }

func (v requiredText) Description(context.Context) string {
	return "must not be null: " + strings.Join(v.values, ", ")
}

func (v requiredText) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (v requiredText) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() {
		resp.Diagnostics.AddAttributeError(req.Path, attributeName(req.Path)+" is null",
			fmt.Sprintf("%s has no default, and it is null: a variable or an output without a value, for example. Write one of %s.",
				attributeName(req.Path), strings.Join(v.values, ", ")))
	}
}

// UserPrincipalNameValidator accepts names of users, and refuses ids.
func UserPrincipalNameValidator() validator.String {
	return CheckedText("must be a user principal name", "Invalid user principal name", func(text string) error {
		name, domain, found := strings.Cut(text, "@")
		switch {
		case IsGUID(text):
			return fmt.Errorf("%q is an object id; ids have an attribute of their own", text)
		case text != strings.TrimSpace(text) || strings.ContainsAny(text, " \t\r\n/\\"):
			return fmt.Errorf("%q holds a space or a slash; a user principal name looks like adele.vance@contoso.com", text)
		case !found || name == "" || domain == "" || strings.Contains(domain, "@"):
			return fmt.Errorf("%q is not name@domain; a user principal name looks like adele.vance@contoso.com, a guest's like adele_fabrikam.com#EXT#@contoso.onmicrosoft.com", text)
		}
		return nil
	})
}

// EachString checks each element of a set.
func EachString(check validator.String) validator.Set { return setvalidator.ValueStringsAre(check) }
