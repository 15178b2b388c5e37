package emulator

import (
	"net/http"
	"strings"
)

// handler tells the three services apart by path. It works on the path as it was sent: http.ServeMux would clean it,
// and a path that Graph refuses must arrive here as the client sent it.
func (s *Server) handler() http.Handler {
	control := s.controlHandler()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := r.URL.EscapedPath()
		switch {
		case path == "/_emulator" || strings.HasPrefix(path, "/_emulator/"):
			control.ServeHTTP(w, r)
		case isGraphPath(path):
			s.serveGraph(w, r)
		default:
			s.serveLogin(w, r)
		}
	})
}
