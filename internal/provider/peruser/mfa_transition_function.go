package peruser

import (
	"context"
	"errors"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/mfa"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/diagnose"
)

type mfaTransitionFunction struct{}

func newMFATransitionFunction() function.Function { return mfaTransitionFunction{} }

// mfaTransition is the function's result.
type mfaTransition struct {
	Allowed     bool         `tfsdk:"allowed"`
	Writes      []string     `tfsdk:"writes"`
	Weakens     bool         `tfsdk:"weakens"`
	Reason      types.String `tfsdk:"reason"`
	Explanation types.String `tfsdk:"explanation"`
	Remedy      types.String `tfsdk:"remedy"`
}

func (mfaTransitionFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "mfa_transition"
}

func (mfaTransitionFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary: "Tells what a move from one per-user MFA state to another takes.",
		MarkdownDescription: "Tells what a move from one per-user MFA state to another takes, by the rules of `entramfa_user_mfa_state` and `entramfa_user_mfa_states`. " +
			"It asks no tenant: for tests of modules, and for checks of what a configuration is about to want. The result has\n\n" +
			"- `allowed`: whether a plan accepts the move,\n" +
			"- `writes`: the states that an apply writes, in order; empty where the present state satisfies the wanted one,\n" +
			"- `weakens`: whether the move takes per-user MFA away from the user, of which a plan warns,\n" +
			"- `reason`: why the move is refused: `direct_move`, `not_opted_in` or `not_registered`; null where it is allowed,\n" +
			"- `explanation` and `remedy`: the same for people, and the way out; null where the move is allowed.",
		Parameters: []function.Parameter{
			function.StringParameter{Name: "from", MarkdownDescription: "The state that the user has: `disabled`, `enabled` or `enforced`."},
			function.StringParameter{Name: "to", MarkdownDescription: "The state that is wanted."},
			function.BoolParameter{Name: "registered", MarkdownDescription: "Whether the user has an MFA method registered."},
			function.BoolParameter{Name: "allow_promotion", MarkdownDescription: "`allow_promotion` of the resource."},
		},
		Return: function.ObjectReturn{AttributeTypes: map[string]attr.Type{
			"allowed": types.BoolType, "writes": types.ListType{ElemType: types.StringType}, "weakens": types.BoolType,
			"reason": types.StringType, "explanation": types.StringType, "remedy": types.StringType,
		}},
	}
}

func (mfaTransitionFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var (
		texts [2]string
		facts mfa.TransitionFacts
	)
	if resp.Error = req.Arguments.Get(ctx, &texts[0], &texts[1], &facts.Registered, &facts.AllowPromotion); resp.Error != nil {
		return
	}
	var states [2]mfa.State
	for i, text := range texts {
		state, err := mfa.ParseState(text)
		if err != nil {
			resp.Error = function.NewArgumentFuncError(int64(i), err.Error())
			return
		}
		states[i] = state
	}
	from, to := states[0], states[1]

	result := mfaTransition{Writes: []string{}}
	move, err := mfa.PlanTransition(from, to, facts)
	var refusal *mfa.TransitionError
	switch {
	case errors.As(err, &refusal):
		result.Reason = types.StringValue(string(refusal.Reason))
		_, explanation, remedy := diagnose.Transition(refusal)
		result.Explanation, result.Remedy = types.StringValue(explanation), types.StringValue(remedy)
	case err != nil:
		resp.Error = function.NewFuncError(err.Error())
		return
	default:
		result.Allowed, result.Weakens = true, from.Weakens(to)
		for _, state := range move.Writes {
			result.Writes = append(result.Writes, string(state))
		}
	}
	resp.Error = resp.Result.Set(ctx, result)
}
