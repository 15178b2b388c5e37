package provider

import (
	"context"
	"encoding/json"
	"strconv"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/diagnose"
)

// privateState is the part of the framework's private state that is used here. Its values are JSON.
type privateState interface {
	GetKey(ctx context.Context, key string) ([]byte, diag.Diagnostics)
	SetKey(ctx context.Context, key string, value []byte) diag.Diagnostics
}

// Keys of the private state of an instance. Keys of a single resource type are declared where their values are.
const (
	// instanceKey tells one instance from another one of the same object.
	instanceKey = "instance"
	// foundKey is in plans of a destroy only: what the plan has found and the state does not have.
	foundKey = "found"
)

// keptValue reads a value of the private state; it is empty where there is none.
func keptValue(ctx context.Context, private privateState, key string, diags *diag.Diagnostics) []byte {
	value, problems := private.GetKey(ctx, key)
	diags.Append(problems...)
	return value
}

// keepValue writes a value of the private state; an empty one takes the key away.
func keepValue(ctx context.Context, private privateState, key string, value []byte, diags *diag.Diagnostics) {
	diags.Append(private.SetKey(ctx, key, value)...)
}

// keptText reads a text of the private state. What is not a text counts as absent.
func keptText(ctx context.Context, private privateState, key string, diags *diag.Diagnostics) string {
	text, err := strconv.Unquote(string(keptValue(ctx, private, key, diags)))
	if err != nil {
		return ""
	}
	return text
}

// keepText writes a text of the private state.
func keepText(ctx context.Context, private privateState, key, text string, diags *diag.Diagnostics) {
	keepValue(ctx, private, key, []byte(strconv.Quote(text)), diags)
}

// keptJSON reads a value of a form of its own. What does not have the form counts as absent.
func keptJSON[T any](ctx context.Context, private privateState, key string, diags *diag.Diagnostics) T {
	var read, none T
	if value := keptValue(ctx, private, key, diags); len(value) > 0 && json.Unmarshal(value, &read) == nil {
		return read
	}
	return none
}

// keepJSON writes such a value.
func keepJSON(ctx context.Context, private privateState, key string, value any, diags *diag.Diagnostics) {
	text, err := json.Marshal(value)
	if err != nil {
		diags.AddError("Unable to keep the private part of the state", diagnose.Sentence(err.Error()))
		return
	}
	keepValue(ctx, private, key, text, diags)
}
