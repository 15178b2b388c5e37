package wire

import (
	"errors"
	"net/url"
	"strings"
)

// PathSegments splits a path as it was sent and undoes the escapes of each segment by itself.
func PathSegments(path string) ([]string, error) {
	path = strings.TrimSuffix(strings.TrimPrefix(path, "/"), "/")
	if path == "" {
		return nil, nil
	}
	segments := strings.Split(path, "/")
	for i, segment := range segments {
		decoded, err := url.PathUnescape(segment)
		if err != nil {
			return nil, errors.New("the path holds an invalid escape")
		}
		segments[i] = decoded
	}
	return segments, nil
}
