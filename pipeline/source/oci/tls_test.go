package oci

import (
	"net/http"
	"strings"
	"testing"
)

// noNetwork answers nothing.
type noNetwork struct{ asked int }

func (n *noNetwork) RoundTrip(*http.Request) (*http.Response, error) {
	n.asked++
	return nil, http.ErrServerClosed
}

// TestOnlyTLS: only this machine is reached without TLS.
func TestOnlyTLS(t *testing.T) {
	for url, allowed := range map[string]bool{
		"https://registry.example.org/v2/": true, "http://127.0.0.1:5000/v2/": true, "http://[::1]:5000/v2/": true, "http://localhost:5000/v2/": true,
		"http://registry.example.org/v2/": false, "http://10.0.0.1:5000/v2/": false, "http://localhost.example.org/v2/": false,
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		network := &noNetwork{}
		_, err = (&onlyTLS{network}).RoundTrip(request)
		if (network.asked == 1) != allowed || allowed == strings.Contains(err.Error(), "--plain-http") {
			t.Errorf("%s: asked %d times, %v", url, network.asked, err)
		}
	}
}
