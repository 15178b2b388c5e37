package server

import (
	"context"
	"encoding/json"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/resourcekit"
)

// NewServer returns the constructor of what is served: a provider of some areas behind a check of the private state that Terraform hands
// back, and a filter of what it says. Of one that somebody has edited the framework says that it is a defect of the provider, or drops it without a word, and
// with it the tenant and the campaign to give back.
func NewServer(version string, areas []resourcekit.Area, options ...Option) func() tfprotov6.ProviderServer {
	constructor := New(version, areas, options...)
	return func() tfprotov6.ProviderServer {
		inner, ok := providerserver.NewProtocol6(constructor())().(frameworkServer)
		if !ok {
			panic("the framework's server lacks a part of the protocol")
		}
		return &outgoingServer{privateStateServer{inner}}
	}
}

// frameworkServer is all that the framework serves: go-plugin looks for the optional parts by their methods.
type frameworkServer interface {
	tfprotov6.ProviderServer
	tfprotov6.ListResourceServer
	tfprotov6.ActionServer
	tfprotov6.StateStoreServer
}

type privateStateServer struct{ frameworkServer }

func (s privateStateServer) ReadResource(ctx context.Context, req *tfprotov6.ReadResourceRequest) (*tfprotov6.ReadResourceResponse, error) {
	if problem := damagedPrivate(req.Private); problem != nil {
		return &tfprotov6.ReadResourceResponse{NewState: req.CurrentState, Private: req.Private, NewIdentity: req.CurrentIdentity, Diagnostics: problem}, nil
	}
	return s.frameworkServer.ReadResource(ctx, req)
}

func (s privateStateServer) PlanResourceChange(ctx context.Context, req *tfprotov6.PlanResourceChangeRequest) (*tfprotov6.PlanResourceChangeResponse, error) {
	if problem := damagedPrivate(req.PriorPrivate); problem != nil {
		return &tfprotov6.PlanResourceChangeResponse{
			PlannedState: req.ProposedNewState, PlannedPrivate: req.PriorPrivate, PlannedIdentity: req.PriorIdentity, Diagnostics: problem,
		}, nil
	}
	return s.frameworkServer.PlanResourceChange(ctx, req)
}

func (s privateStateServer) ApplyResourceChange(ctx context.Context, req *tfprotov6.ApplyResourceChangeRequest) (*tfprotov6.ApplyResourceChangeResponse, error) {
	if problem := damagedPrivate(req.PlannedPrivate); problem != nil {
		return &tfprotov6.ApplyResourceChangeResponse{
			NewState: req.PriorState, Private: req.PlannedPrivate, NewIdentity: req.PlannedIdentity, Diagnostics: problem,
		}, nil
	}
	return s.frameworkServer.ApplyResourceChange(ctx, req)
}

func (s privateStateServer) MoveResourceState(ctx context.Context, req *tfprotov6.MoveResourceStateRequest) (*tfprotov6.MoveResourceStateResponse, error) {
	if problem := damagedPrivate(req.SourcePrivate); problem != nil && resourcekit.FromThisProvider(req.SourceProviderAddress) {
		return &tfprotov6.MoveResourceStateResponse{Diagnostics: problem}, nil
	}
	return s.frameworkServer.MoveResourceState(ctx, req)
}

// damagedPrivate is an error where a private state does not have the form in which the framework keeps it: JSON values by key.
func damagedPrivate(private []byte) []*tfprotov6.Diagnostic {
	if len(private) == 0 {
		return nil
	}
	var values map[string][]byte
	readable := json.Unmarshal(private, &values) == nil
	for _, value := range values {
		readable = readable && json.Valid(value)
	}
	if readable {
		return nil
	}
	return []*tfprotov6.Diagnostic{{
		Severity: tfprotov6.DiagnosticSeverityError, Summary: resourcekit.SummaryDamagedPrivate,
		Detail: "It cannot be read. Nothing was planned or changed.\n\n" + resourcekit.MendPrivate,
	}}
}
