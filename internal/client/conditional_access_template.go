package client

import (
	"context"
	"net/http"
	"net/url"
	"slices"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/conditionalaccess"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/guid"
)

// ConditionalAccessTemplate is a template of the library that policies are made from. Its texts are in the language that the service chooses.
//
// Source: https://learn.microsoft.com/graph/api/resources/conditionalaccesstemplate
type ConditionalAccessTemplate struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description"`
	// Scenarios are separated by commas.
	Scenarios string `json:"scenarios"`
	// Details are conditions, grantControls and sessionControls as policies have them.
	Details map[string]any `json:"details"`
}

// GetConditionalAccessTemplate reads a template by its id. Where the template has a sentence in place of a user who is excluded, the sentence is
// left out. It needs Policy.Read.All.
//
// Source: https://learn.microsoft.com/graph/api/conditionalaccesstemplate-get
func (c *Client) GetConditionalAccessTemplate(ctx context.Context, id string) (ConditionalAccessTemplate, error) {
	var found ConditionalAccessTemplate
	operation := "read Conditional Access template " + id
	err := c.graph.Send(ctx, graph.Call{
		Operation:   operation,
		Permissions: []string{permissionReadState},
		Method:      http.MethodGet,
		Version:     graph.V1,
		Path:        "/identity/conditionalAccess/templates/" + url.PathEscape(id),
		Header:      allMembers(),
	}, &found)
	if err == nil && found.ID == "" {
		err = &graph.Error{Operation: operation, Status: http.StatusOK, Message: "the answer names no id"}
	}
	conditions, _ := found.Details["conditions"].(map[string]any)
	users, _ := conditions["users"].(map[string]any)
	if excluded, ok := users["excludeUsers"].([]any); ok {
		users["excludeUsers"] = slices.DeleteFunc(excluded, func(user any) bool {
			text, _ := user.(string)
			return !guid.Is(text) && text != conditionalaccess.GuestsOrExternal
		})
	}
	return found, err
}
