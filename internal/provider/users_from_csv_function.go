package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
)

type usersFromCSVFunction struct{}

func newUsersFromCSVFunction() function.Function { return usersFromCSVFunction{} }

func (usersFromCSVFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "users_from_csv"
}

func (usersFromCSVFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary: "Reads users and their per-user MFA states from a CSV file.",
		MarkdownDescription: "Reads users and their per-user MFA states from CSV, for `users` of `entramfa_user_mfa_states`: the file of the bulk update of the " +
			"per-user MFA portal, a PowerShell export, or a list of your own.",
		Parameters: []function.Parameter{function.StringParameter{
			Name:                "csv",
			MarkdownDescription: "The content of the file, as `file(\"users.csv\")` reads it.",
		}},
		VariadicParameter: function.StringParameter{
			Name: "enforced_as",
			MarkdownDescription: "What `Enforced` becomes, at most once: `enabled` (default), which is satisfied by a user who is enforced and asks for nothing that the " +
				"service does not do by itself; or `enforced`, to keep it.",
		},
		Return: function.MapReturn{ElementType: types.StringType},
	}
}

func (usersFromCSVFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var (
		text       string
		enforcedAs []string
	)
	if resp.Error = req.Arguments.Get(ctx, &text, &enforcedAs); resp.Error != nil {
		return
	}
	as := client.MFAEnabled
	switch {
	case len(enforcedAs) > 1:
		resp.Error = function.NewArgumentFuncError(2, `there is one option, what Enforced becomes: "enabled" or "enforced"`)
		return
	case len(enforcedAs) == 1 && enforcedAs[0] == string(client.MFAEnforced):
		as = client.MFAEnforced
	case len(enforcedAs) == 1 && enforcedAs[0] != string(client.MFAEnabled):
		resp.Error = function.NewArgumentFuncError(1, fmt.Sprintf(`%q is not what Enforced can become; write "enabled" or "enforced"`, enforcedAs[0]))
		return
	}
	users, err := readUsersCSV(text)
	if err != nil {
		resp.Error = function.NewArgumentFuncError(0, err.Error())
		return
	}
	states := make(map[string]string, len(users))
	for user, state := range users {
		if state == client.MFAEnforced {
			state = as
		}
		states[user] = string(state)
	}
	resp.Error = resp.Result.Set(ctx, states)
}
