package wire

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// minCompressed is the size from which a body is compressed. An answer to a $batch of 20 small items stays below it:
// over the loopback interface compressing it costs more than sending it.
const minCompressed = 16 << 10

// compressors are kept, as each takes hundreds of kilobytes.
var compressors = sync.Pool{New: func() any {
	compressor, err := gzip.NewWriterLevel(io.Discard, gzip.BestSpeed)
	if err != nil {
		panic("emulator: the level is valid: " + err.Error())
	}
	return compressor
}}

// acceptsGzip tells whether the caller takes gzip: by name or by *, and not with a weight of zero.
//
// https://www.rfc-editor.org/rfc/rfc9110#name-accept-encoding
func acceptsGzip(header http.Header) bool {
	byName, byStar := -1.0, -1.0
	for _, line := range header.Values("Accept-Encoding") {
		for entry := range strings.SplitSeq(line, ",") {
			name, parameters, _ := strings.Cut(entry, ";")
			weight := 1.0
			if value, found := strings.CutPrefix(strings.ToLower(strings.TrimSpace(parameters)), "q="); found {
				weight, _ = strconv.ParseFloat(value, 64) // what is no number is no wish
			}
			switch strings.ToLower(strings.TrimSpace(name)) {
			case "gzip", "x-gzip":
				byName = weight
			case "*":
				byStar = weight
			}
		}
	}
	if byName >= 0 {
		return byName > 0
	}
	return byStar > 0
}

// writeAnswer sends status and body, compressed where that is worth it and the caller takes it.
func writeAnswer(w http.ResponseWriter, r *http.Request, status int, body []byte) {
	header := w.Header()
	compress := false
	if len(body) >= minCompressed {
		header.Add("Vary", "Accept-Encoding")
		compress = header.Get("Content-Encoding") == "" && acceptsGzip(r.Header)
	}
	switch {
	case compress:
		header.Set("Content-Encoding", "gzip")
	case len(body) > 0:
		SetIfAbsent(header, "Content-Length", strconv.Itoa(len(body)))
	}
	w.WriteHeader(status)
	if r.Method == http.MethodHead {
		return
	}
	// A caller that has gone away is no concern here.
	if !compress {
		_, _ = w.Write(body)
		return
	}
	compressor, _ := compressors.Get().(*gzip.Writer)
	compressor.Reset(w)
	_, _ = compressor.Write(body)
	_ = compressor.Close()
	compressors.Put(compressor)
}

// MaxBodyBytes is the largest body of a request that is read. Graph refuses larger ones as well.
const MaxBodyBytes = 4 << 20

// Why a body cannot be read.
var (
	// ErrBodyTooLarge is a body that is larger than is read, compressed or not.
	ErrBodyTooLarge = errors.New("the body is larger than is read")
	// ErrEncoding is a Content-Encoding that is not understood.
	ErrEncoding = errors.New("the content encoding is not supported")
	// ErrCorrupt is a body that its Content-Encoding says is gzip, and that is not.
	ErrCorrupt = errors.New("the body is not valid gzip")
)

// ReadBody reads the body of a request into memory of the size that was announced, and undoes its compression.
func ReadBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	var buffer bytes.Buffer
	if r.ContentLength > 0 && r.ContentLength <= MaxBodyBytes {
		buffer.Grow(int(r.ContentLength) + bytes.MinRead)
	}
	if _, err := buffer.ReadFrom(http.MaxBytesReader(w, r.Body, MaxBodyBytes)); err != nil {
		return nil, err
	}
	return decompressed(buffer.Bytes(), r.Header.Get("Content-Encoding"))
}

// decompressed is the body of a request as it was before it was compressed. Microsoft's SDKs compress what they write;
// told 415, they send it again as it is.
func decompressed(body []byte, encoding string) ([]byte, error) {
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "", "identity":
		return body, nil
	case "gzip", "x-gzip":
	default:
		return nil, ErrEncoding
	}
	reader, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, ErrCorrupt
	}
	plain, err := io.ReadAll(io.LimitReader(reader, MaxBodyBytes+1))
	switch {
	case err != nil:
		return nil, ErrCorrupt
	case len(plain) > MaxBodyBytes:
		return nil, ErrBodyTooLarge
	}
	return plain, nil
}
