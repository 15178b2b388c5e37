package server

import (
	"context"
	"errors"
	"iter"
	"reflect"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/redact"
)

// outgoingServer passes every request on, and every diagnostic back through the filter: none leaves with a secret of this process or with a
// character that a reader does not see, whichever part of the provider, the framework or a library wrote it.
type outgoingServer struct{ frameworkServer }

// outgoing filters the diagnostics of a response. All responses of the protocol have them in a field of this name.
func outgoing[R any](response *R, err error) (*R, error) {
	if response != nil {
		if field := reflect.ValueOf(response).Elem().FieldByName("Diagnostics"); field.IsValid() {
			if diagnostics, ok := field.Interface().([]*tfprotov6.Diagnostic); ok {
				filterDiagnostics(diagnostics)
			}
		}
	}
	return response, filterError(err)
}

func filterDiagnostics(diagnostics []*tfprotov6.Diagnostic) {
	for _, diagnostic := range diagnostics {
		diagnostic.Summary, diagnostic.Detail = outgoingText(diagnostic.Summary), outgoingText(diagnostic.Detail)
	}
}

func filterError(err error) error {
	if err == nil {
		return nil
	}
	if text := outgoingText(err.Error()); text != err.Error() {
		return errors.New(text)
	}
	return err
}

func outgoingText(text string) string { return redact.ShownText(redact.Text(text)) }

func (s *outgoingServer) GetMetadata(ctx context.Context, req *tfprotov6.GetMetadataRequest) (*tfprotov6.GetMetadataResponse, error) {
	return outgoing(s.frameworkServer.GetMetadata(ctx, req))
}

func (s *outgoingServer) GetProviderSchema(ctx context.Context, req *tfprotov6.GetProviderSchemaRequest) (*tfprotov6.GetProviderSchemaResponse, error) {
	return outgoing(s.frameworkServer.GetProviderSchema(ctx, req))
}

func (s *outgoingServer) GetResourceIdentitySchemas(ctx context.Context, req *tfprotov6.GetResourceIdentitySchemasRequest) (*tfprotov6.GetResourceIdentitySchemasResponse, error) {
	return outgoing(s.frameworkServer.GetResourceIdentitySchemas(ctx, req))
}

func (s *outgoingServer) ValidateProviderConfig(ctx context.Context, req *tfprotov6.ValidateProviderConfigRequest) (*tfprotov6.ValidateProviderConfigResponse, error) {
	return outgoing(s.frameworkServer.ValidateProviderConfig(ctx, req))
}

func (s *outgoingServer) ConfigureProvider(ctx context.Context, req *tfprotov6.ConfigureProviderRequest) (*tfprotov6.ConfigureProviderResponse, error) {
	return outgoing(s.frameworkServer.ConfigureProvider(ctx, req))
}

func (s *outgoingServer) ValidateResourceConfig(ctx context.Context, req *tfprotov6.ValidateResourceConfigRequest) (*tfprotov6.ValidateResourceConfigResponse, error) {
	return outgoing(s.frameworkServer.ValidateResourceConfig(ctx, req))
}

func (s *outgoingServer) UpgradeResourceState(ctx context.Context, req *tfprotov6.UpgradeResourceStateRequest) (*tfprotov6.UpgradeResourceStateResponse, error) {
	return outgoing(s.frameworkServer.UpgradeResourceState(ctx, req))
}

func (s *outgoingServer) UpgradeResourceIdentity(ctx context.Context, req *tfprotov6.UpgradeResourceIdentityRequest) (*tfprotov6.UpgradeResourceIdentityResponse, error) {
	return outgoing(s.frameworkServer.UpgradeResourceIdentity(ctx, req))
}

func (s *outgoingServer) ReadResource(ctx context.Context, req *tfprotov6.ReadResourceRequest) (*tfprotov6.ReadResourceResponse, error) {
	return outgoing(s.frameworkServer.ReadResource(ctx, req))
}

func (s *outgoingServer) PlanResourceChange(ctx context.Context, req *tfprotov6.PlanResourceChangeRequest) (*tfprotov6.PlanResourceChangeResponse, error) {
	return outgoing(s.frameworkServer.PlanResourceChange(ctx, req))
}

func (s *outgoingServer) ApplyResourceChange(ctx context.Context, req *tfprotov6.ApplyResourceChangeRequest) (*tfprotov6.ApplyResourceChangeResponse, error) {
	return outgoing(s.frameworkServer.ApplyResourceChange(ctx, req))
}

func (s *outgoingServer) ImportResourceState(ctx context.Context, req *tfprotov6.ImportResourceStateRequest) (*tfprotov6.ImportResourceStateResponse, error) {
	return outgoing(s.frameworkServer.ImportResourceState(ctx, req))
}

func (s *outgoingServer) MoveResourceState(ctx context.Context, req *tfprotov6.MoveResourceStateRequest) (*tfprotov6.MoveResourceStateResponse, error) {
	return outgoing(s.frameworkServer.MoveResourceState(ctx, req))
}

func (s *outgoingServer) GenerateResourceConfig(ctx context.Context, req *tfprotov6.GenerateResourceConfigRequest) (*tfprotov6.GenerateResourceConfigResponse, error) {
	return outgoing(s.frameworkServer.GenerateResourceConfig(ctx, req))
}

func (s *outgoingServer) ValidateDataResourceConfig(ctx context.Context, req *tfprotov6.ValidateDataResourceConfigRequest) (*tfprotov6.ValidateDataResourceConfigResponse, error) {
	return outgoing(s.frameworkServer.ValidateDataResourceConfig(ctx, req))
}

func (s *outgoingServer) ReadDataSource(ctx context.Context, req *tfprotov6.ReadDataSourceRequest) (*tfprotov6.ReadDataSourceResponse, error) {
	return outgoing(s.frameworkServer.ReadDataSource(ctx, req))
}

func (s *outgoingServer) GetFunctions(ctx context.Context, req *tfprotov6.GetFunctionsRequest) (*tfprotov6.GetFunctionsResponse, error) {
	return outgoing(s.frameworkServer.GetFunctions(ctx, req))
}

func (s *outgoingServer) CallFunction(ctx context.Context, req *tfprotov6.CallFunctionRequest) (*tfprotov6.CallFunctionResponse, error) {
	called, err := s.frameworkServer.CallFunction(ctx, req)
	if called != nil && called.Error != nil {
		called.Error.Text = outgoingText(called.Error.Text)
	}
	return called, filterError(err)
}

func (s *outgoingServer) ValidateEphemeralResourceConfig(ctx context.Context, req *tfprotov6.ValidateEphemeralResourceConfigRequest) (*tfprotov6.ValidateEphemeralResourceConfigResponse, error) {
	return outgoing(s.frameworkServer.ValidateEphemeralResourceConfig(ctx, req))
}

func (s *outgoingServer) OpenEphemeralResource(ctx context.Context, req *tfprotov6.OpenEphemeralResourceRequest) (*tfprotov6.OpenEphemeralResourceResponse, error) {
	return outgoing(s.frameworkServer.OpenEphemeralResource(ctx, req))
}

func (s *outgoingServer) RenewEphemeralResource(ctx context.Context, req *tfprotov6.RenewEphemeralResourceRequest) (*tfprotov6.RenewEphemeralResourceResponse, error) {
	return outgoing(s.frameworkServer.RenewEphemeralResource(ctx, req))
}

func (s *outgoingServer) CloseEphemeralResource(ctx context.Context, req *tfprotov6.CloseEphemeralResourceRequest) (*tfprotov6.CloseEphemeralResourceResponse, error) {
	return outgoing(s.frameworkServer.CloseEphemeralResource(ctx, req))
}

func (s *outgoingServer) ValidateListResourceConfig(ctx context.Context, req *tfprotov6.ValidateListResourceConfigRequest) (*tfprotov6.ValidateListResourceConfigResponse, error) {
	return outgoing(s.frameworkServer.ValidateListResourceConfig(ctx, req))
}

func (s *outgoingServer) ListResource(ctx context.Context, req *tfprotov6.ListResourceRequest) (*tfprotov6.ListResourceServerStream, error) {
	stream, err := s.frameworkServer.ListResource(ctx, req)
	if stream != nil && stream.Results != nil {
		stream.Results = filterEach(stream.Results, func(result *tfprotov6.ListResourceResult) {
			result.DisplayName = redact.Text(result.DisplayName)
			filterDiagnostics(result.Diagnostics)
		})
	}
	return stream, filterError(err)
}

func (s *outgoingServer) ValidateActionConfig(ctx context.Context, req *tfprotov6.ValidateActionConfigRequest) (*tfprotov6.ValidateActionConfigResponse, error) {
	return outgoing(s.frameworkServer.ValidateActionConfig(ctx, req))
}

func (s *outgoingServer) PlanAction(ctx context.Context, req *tfprotov6.PlanActionRequest) (*tfprotov6.PlanActionResponse, error) {
	return outgoing(s.frameworkServer.PlanAction(ctx, req))
}

func (s *outgoingServer) InvokeAction(ctx context.Context, req *tfprotov6.InvokeActionRequest) (*tfprotov6.InvokeActionServerStream, error) {
	stream, err := s.frameworkServer.InvokeAction(ctx, req)
	if stream != nil && stream.Events != nil {
		stream.Events = filterEach(stream.Events, func(event *tfprotov6.InvokeActionEvent) {
			switch kind := event.Type.(type) {
			case tfprotov6.ProgressInvokeActionEventType:
				kind.Message = outgoingText(kind.Message)
				event.Type = kind
			case tfprotov6.CompletedInvokeActionEventType:
				filterDiagnostics(kind.Diagnostics)
			}
		})
	}
	return stream, filterError(err)
}

// filterEach filters the elements of a stream as they come.
func filterEach[T any](stream iter.Seq[T], filter func(*T)) iter.Seq[T] {
	return func(yield func(T) bool) {
		for element := range stream {
			filter(&element)
			if !yield(element) {
				return
			}
		}
	}
}
