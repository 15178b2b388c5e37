package diagnose

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/clienttest"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/mfa"
)

func TestARefusedMoveNamesUserMoveReasonAndWayOut(t *testing.T) {
	t.Parallel()
	covered := map[mfa.TransitionReason]bool{}
	for _, c := range []struct {
		refusal         mfa.TransitionError
		summary, detail string
	}{
		{
			mfa.TransitionError{User: "adele@contoso.example", From: mfa.Disabled, To: mfa.Enforced, Reason: mfa.ReasonDirectMove},
			"The per-user MFA state of adele@contoso.example cannot move from disabled to enforced",
			"A direct move from disabled to enforced is refused: a user who has not registered a method yet is asked for app passwords that do not exist, and every app " +
				"that does not sign in through a browser stops working.\n\nSet the state to \"enabled\": the service promotes the user to enforced on registration, at " +
				"once if a method is registered already, and \"enabled\" stays satisfied then. For a user with a registered method, allow_promotion = true also permits \"enforced\".",
		},
		{
			mfa.TransitionError{User: "adele@contoso.example", From: mfa.Enabled, To: mfa.Enforced, Reason: mfa.ReasonNotOptedIn},
			"The per-user MFA state of adele@contoso.example cannot move from enabled to enforced",
			"The service itself promotes an enabled user to enforced, as soon as the user registers a method; writing enforced ahead of it breaks the apps of a user " +
				"who has not registered.\n\nLeave the state at \"enabled\", which enforced satisfies; or, for a user with a registered method, set allow_promotion = true.",
		},
		{
			mfa.TransitionError{From: mfa.Enabled, To: mfa.Enforced, Reason: mfa.ReasonNotRegistered},
			"The per-user MFA state of the user cannot move from enabled to enforced",
			"The user has no MFA method registered; enforced would break every app of theirs that does not sign in through a browser.\n\n" +
				"Set the state to \"enabled\" and let the user register a method (https://aka.ms/mfasetup); the service does the rest.",
		},
	} {
		covered[c.refusal.Reason] = true
		if summary, detail := Describe(&c.refusal); summary != c.summary || detail != c.detail {
			t.Errorf("it says %q,\n%s\nwant %q,\n%s", summary, detail, c.summary, c.detail)
		}
	}
	for _, reason := range clienttest.Constants[mfa.TransitionReason](t) {
		if _, explanation, remedy := Transition(&mfa.TransitionError{Reason: reason}); !covered[reason] || explanation == "" || remedy == "" {
			t.Errorf("the reason %q has no words: %q, %q", reason, explanation, remedy)
		}
	}
}

func TestEveryKindOfConnectionErrorHasItsAdvice(t *testing.T) {
	t.Parallel()
	advice := map[string]client.ConnectionKind{}
	for _, kind := range clienttest.Constants[client.ConnectionKind](t) {
		_, detail := Describe(&client.ConnectionError{Operation: "read", Host: "https://x", Kind: kind, Err: errors.New("why")})
		paragraphs := strings.Split(detail, "\n\n")
		last := paragraphs[len(paragraphs)-1]
		if len(paragraphs) < 2 || last == "" {
			t.Errorf("%q has no advice: %s", kind, detail)
		}
		if other, twice := advice[last]; twice {
			t.Errorf("%q has the advice of %q: %s", kind, other, last)
		}
		advice[last] = kind
	}
}

func TestTheNumberOfAConditionalAccessRefusalHasAMeaning(t *testing.T) {
	t.Parallel()
	for message, want := range map[string]string{
		"1040: Unknown location.":                  "A named location is not known, or not yet known to every replica",
		"The request was refused. 1007: Wrong.":    "The body of the request does not fit the schema.",
		"1011: Wrong application.":                 "The condition about applications is not valid.",
		"1012: Both.":                              "Applications and user actions cannot be included together.",
		"1032: Controls.":                          "The controls do not fit one another.",
		"1038: Preview.":                           "The policy has something that this version of Microsoft Graph counts as a preview.",
		"1039: Licence.":                           "The policy has a condition or control that needs Microsoft Entra ID P2.",
		"1054: Group.":                             "A group is not known, or its id is not one.",
		"9999: Something new.":                     "",
		"Port 1040 is not a number of the service": "",
	} {
		_, detail := Describe(&client.Error{Operation: "try", Status: http.StatusBadRequest, FromGraph: true, Message: message})
		meaning := ""
		if paragraphs := strings.Split(detail, "\n\n"); len(paragraphs) > 1 {
			meaning = paragraphs[1]
		}
		if (want == "") != (meaning == "") || !strings.HasPrefix(meaning, want) {
			t.Errorf("%s means %q, want %q", message, meaning, want)
		}
	}
}
