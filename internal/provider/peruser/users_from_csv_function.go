package peruser

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/mfa"
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
			MarkdownDescription: "The content of the file, as `file(\"users.csv\")` reads it, or `filebase64(\"users.csv\")` where it is not in UTF-8.",
		}},
		VariadicParameter: function.DynamicParameter{
			Name: "options",
			MarkdownDescription: "How to read the file, at most once: an object with any of `user_column` and `state_column`, the names of the two columns; `states`, a map " +
				"of what the values in the latter mean, each of them, to `\"disabled\"`, `\"enabled\"`, `\"enforced\"`, or to `null`, which leaves the row out; and `enforced_as`, what " +
				"`Enforced` becomes: `\"enabled\"` (default), which is satisfied by a user who is enforced and asks for nothing that the service does not do by itself, or " +
				"`\"enforced\"`, to keep it. A text in place of the object is `enforced_as`.",
		},
		Return: function.MapReturn{ElementType: types.StringType},
	}
}

func (usersFromCSVFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var (
		text    string
		options []types.Dynamic
	)
	if resp.Error = req.Arguments.Get(ctx, &text, &options); resp.Error != nil {
		return
	}
	how := csvOptions{enforcedAs: mfa.Enabled}
	switch len(options) {
	case 0:
	case 1:
		var err error
		if how, err = newCSVOptions(options[0].UnderlyingValue()); err != nil {
			resp.Error = function.NewArgumentFuncError(1, err.Error())
			return
		}
	default:
		resp.Error = function.NewArgumentFuncError(2, "there is one argument beside the file, an object with any of "+csvOptionNames)
		return
	}
	if how.unknown {
		resp.Error = resp.Result.Set(ctx, types.MapUnknown(types.StringType))
		return
	}
	users, err := readUsersCSV(text, how)
	if err != nil {
		resp.Error = function.NewArgumentFuncError(0, err.Error())
		return
	}
	states := make(map[string]string, len(users))
	for user, state := range users {
		if state == mfa.Enforced {
			state = how.enforcedAs
		}
		states[user] = string(state)
	}
	resp.Error = resp.Result.Set(ctx, states)
}
