package server

import (
	"context"
	"log/slog"

	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/redact"
)

// newLogger carries the client's records into Terraform's log. The level is chosen there (TF_LOG).
func newLogger() *slog.Logger { return slog.New(tflogHandler{}) }

type tflogHandler struct{ attributes []slog.Attr }

func (tflogHandler) Enabled(context.Context, slog.Level) bool { return true }

func (h tflogHandler) Handle(ctx context.Context, record slog.Record) error {
	fields := make(map[string]any, record.NumAttrs()+len(h.attributes))
	add := func(attribute slog.Attr) bool {
		fields[attribute.Key] = loggable(attribute.Value)
		return true
	}
	for _, attribute := range h.attributes {
		add(attribute)
	}
	record.Attrs(add)
	record.Message = redact.Text(record.Message)
	switch {
	case record.Level >= slog.LevelError:
		tflog.Error(ctx, record.Message, fields)
	case record.Level >= slog.LevelWarn:
		tflog.Warn(ctx, record.Message, fields)
	case record.Level >= slog.LevelInfo:
		tflog.Info(ctx, record.Message, fields)
	default:
		tflog.Debug(ctx, record.Message, fields)
	}
	return nil
}

// loggable is a value without secrets: a path, a host and an error hold what others wrote.
func loggable(value slog.Value) any {
	value = value.Resolve()
	switch value.Kind() {
	case slog.KindBool, slog.KindDuration, slog.KindFloat64, slog.KindInt64, slog.KindUint64, slog.KindTime:
		return value.Any()
	case slog.KindAny, slog.KindString, slog.KindGroup, slog.KindLogValuer:
	}
	return redact.ShownText(redact.Text(value.String()))
}

func (h tflogHandler) WithAttrs(attributes []slog.Attr) slog.Handler {
	return tflogHandler{attributes: append(append([]slog.Attr(nil), h.attributes...), attributes...)}
}

// WithGroup keeps the names flat, as tflog has no groups.
func (h tflogHandler) WithGroup(string) slog.Handler { return h }
