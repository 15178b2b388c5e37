package wire

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

// JSONContentType is the content type of Graph's answers.
const JSONContentType = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"

// Response is an answer. A nil body is no body at all.
type Response struct {
	Status      int
	Header      http.Header // nil while there is none
	Units       int         // for X-Ms-Resource-Unit; 0 is none
	Body        []byte
	ContentType string
	Truncated   bool // a fault ends the answer in the middle of its body
}

// JSON returns the answer with a JSON value; nil makes one without a body.
func JSON(status int, value any) *Response {
	response := &Response{Status: status}
	if value != nil {
		data, err := json.Marshal(value)
		if err != nil {
			panic("emulator: answers always marshal: " + err.Error())
		}
		response.Body, response.ContentType = data, JSONContentType
	}
	return response
}

// Written returns the answer with a body of JSON that has been put together already.
func Written(status int, body []byte) *Response {
	return &Response{Status: status, Body: body, ContentType: JSONContentType}
}

// Set sets a header.
func (r *Response) Set(name, value string) {
	if r.Header == nil {
		r.Header = http.Header{}
	}
	r.Header.Set(name, value)
}

// Spoil does to an answer what the fault does to answers.
func (r *Response) Spoil(fault control.Fault) {
	if fault.ContentType != "" {
		r.ContentType = fault.ContentType
	}
	for name, value := range fault.Headers {
		r.Set(name, value)
	}
	if missing := fault.PadToBytes - len(r.Body); missing > 0 && r.Body != nil {
		// The body may be shared with later answers.
		r.Body = append(slices.Clip(r.Body), bytes.Repeat([]byte(" "), missing)...)
	}
	r.Truncated = r.Truncated || fault.Truncate && len(r.Body) > 0
}

// Send sends the answer, with the headers that have been set on w already. compress allows compression.
func (r *Response) Send(w http.ResponseWriter, req *http.Request, compress bool) {
	switch {
	case r.Truncated:
		writeHalf(w, r.Status, r.Body)
	case compress:
		writeAnswer(w, req, r.Status, r.Body)
	default:
		w.WriteHeader(r.Status)
		_, _ = w.Write(r.Body) // a caller that has gone away is no concern here
	}
}

// CopyHeader copies the headers of the answer to w.
func (r *Response) CopyHeader(w http.ResponseWriter) http.Header {
	header := w.Header()
	for name, values := range r.Header {
		header[name] = values
	}
	return header
}

// SetIfAbsent sets a header that is not there.
func SetIfAbsent(header http.Header, name, value string) {
	if header.Get(name) == "" {
		header.Set(name, value)
	}
}

// writeHalf announces an answer, sends half of its body and ends it there.
func writeHalf(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body[:len(body)/2]) // a caller that has gone away is no concern here
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

type connectionKey struct{}

// WithConnection keeps the TCP connection in the context of its requests, for [CutConnection].
func WithConnection(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, connectionKey{}, conn)
}

// CutConnection resets the TCP connection of the request and ends the handler.
// Other requests on the same HTTP/2 connection end as well, as they do when a network fails.
func CutConnection(ctx context.Context) {
	if conn, ok := ctx.Value(connectionKey{}).(net.Conn); ok {
		if layered, ok := conn.(interface{ NetConn() net.Conn }); ok {
			conn = layered.NetConn()
		}
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // a reset rather than an orderly end
		}
		_ = conn.Close()
	}
	panic(http.ErrAbortHandler)
}

// Wait sleeps unless the context ends first, and tells whether it slept to the end.
func Wait(ctx context.Context, duration time.Duration) bool {
	if duration <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(duration)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
