package locations

import "testing"

func TestWhatALocationIsImportedBy(t *testing.T) {
	const id = "55555555-eeee-4eee-8eee-00000000000A"
	const path = "identity/conditionalAccess/namedLocations/" + id
	for text, want := range map[string]string{
		id: id, " " + id + "\n": id, "HQ": "HQ", "HQ / Berlin": "HQ / Berlin", "Identity": "Identity", "/identity/": "/identity/",
		"/" + path: id, path: id, "/" + path + "/": id, "/IDENTITY/conditionalaccess/namedlocations/" + id: id, "namedLocations/" + id: id,
		"https://graph.microsoft.com/v1.0/" + path: id, "/v1.0/" + path: id, "beta/" + path: id,
		"https://graph.microsoft.com/v1.0/identity/conditionalAccess/namedLocations('" + id + "')": id,
		// Paths of something else, or of nothing.
		"/identity/conditionalAccess/policies/" + id: "", "/identity/conditionalAccess/namedLocations/": "", "/identity/conditionalAccess/namedLocations/HQ": "",
		"https://portal.azure.com/#view/" + id: "", path + "/" + id: "", "namedLocations/" + id[:35] + "-": "",
	} {
		key, ok := locationImportKey(text)
		if ok != (want != "") || ok && key != want {
			t.Errorf("%q is %q, %t", text, key, ok)
		}
	}
}
