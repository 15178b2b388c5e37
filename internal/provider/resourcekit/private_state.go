package resourcekit

import (
	"context"
	"encoding/json"
	"strconv"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/diagnose"
)

// PrivateState is the part of the framework's private state that is used here. Its values are JSON.
type PrivateState interface {
	GetKey(ctx context.Context, key string) ([]byte, diag.Diagnostics)
	SetKey(ctx context.Context, key string, value []byte) diag.Diagnostics
}

// Keys of the private state of an instance. Keys of a single resource type are declared where their values are.
const (
	// InstanceKey tells one instance from another one of the same object.
	InstanceKey = "instance"
	// FoundKey is in plans of a destroy only: what the plan has found and the state does not have.
	FoundKey = "found"

	acceptedKey = "accepted"
)

// KeepAccepted keeps when the service accepted the last write of an object.
func KeepAccepted(ctx context.Context, private PrivateState, accepted client.Acceptance, diags *diag.Diagnostics) {
	KeepValue(ctx, private, acceptedKey, accepted.JSON(), diags)
}

// Accepted is when the service accepted the last write of an object, as far as the state knows.
func Accepted(ctx context.Context, private PrivateState, diags *diag.Diagnostics) client.Acceptance {
	return client.ReadAcceptance(KeptValue(ctx, private, acceptedKey, diags))
}

// KeptValue reads a value of the private state; it is empty where there is none.
func KeptValue(ctx context.Context, private PrivateState, key string, diags *diag.Diagnostics) []byte {
	value, problems := private.GetKey(ctx, key)
	diags.Append(problems...)
	return value
}

// KeepValue writes a value of the private state; an empty one takes the key away.
func KeepValue(ctx context.Context, private PrivateState, key string, value []byte, diags *diag.Diagnostics) {
	diags.Append(private.SetKey(ctx, key, value)...)
}

// KeptText reads a text of the private state. What is not a text counts as absent.
func KeptText(ctx context.Context, private PrivateState, key string, diags *diag.Diagnostics) string {
	text, err := strconv.Unquote(string(KeptValue(ctx, private, key, diags)))
	if err != nil {
		return ""
	}
	return text
}

// KeepText writes a text of the private state.
func KeepText(ctx context.Context, private PrivateState, key, text string, diags *diag.Diagnostics) {
	KeepValue(ctx, private, key, []byte(strconv.Quote(text)), diags)
}

// KeptJSON reads a value of a form of its own. What does not have the form counts as absent.
func KeptJSON[T any](ctx context.Context, private PrivateState, key string, diags *diag.Diagnostics) T {
	var read, none T
	if value := KeptValue(ctx, private, key, diags); len(value) > 0 && json.Unmarshal(value, &read) == nil {
		return read
	}
	return none
}

// KeepJSON writes such a value.
func KeepJSON(ctx context.Context, private PrivateState, key string, value any, diags *diag.Diagnostics) {
	text, err := json.Marshal(value)
	if err != nil {
		diags.AddError("Unable to keep the private part of the state", diagnose.Sentence(err.Error()))
		return
	}
	KeepValue(ctx, private, key, text, diags)
}
