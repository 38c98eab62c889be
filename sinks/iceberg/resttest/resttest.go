// Package resttest is a REST catalog for tests, in the test's process. It is as
// strict as its specification: requirements are checked, and what it does not know it
// refuses.
package resttest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/apache/iceberg-go/table"
)

// What a client must know.
const (
	ID        = "ckexport"
	Secret    = "a-catalog-secret-not-to-be-told"
	Scope     = "catalog-of-tests"
	Warehouse = "lake"
	prefix    = "ws/one"
	separator = "\x1f"
)

// inherited is the variable that tells a test's other processes of its catalog.
const inherited = "CKEXPORT_TEST_REST"

// ended is in place of how often a token was used.
const ended = -1

// Catalog is the catalog.
type Catalog struct {
	URL string
	// TokenUses is how often a token can be used, 0 for ever.
	TokenUses int
	// Config is what it says of how files are reached.
	Config map[string]string
	// KeepsSnapshots has it refuse to remove any.
	KeepsSnapshots bool

	root       string // of locations
	mu         sync.Mutex
	fault      func(http.ResponseWriter, *http.Request, http.Handler)
	tokens     map[string]int // how often they were used, or ended
	namespaces map[string]bool
	tables     map[string]*entry // by the name of the namespace, separator, and the table's
}

type entry struct {
	metadata table.Metadata
	version  int
}

// New starts a catalog whose tables have locations below root. In a process that such
// a test started, it is the catalog of that test.
func New(t testing.TB, root string) *Catalog {
	t.Helper()
	if url := os.Getenv(inherited); url != "" {
		return &Catalog{URL: url}
	}
	c := &Catalog{root: root, tokens: map[string]int{}, namespaces: map[string]bool{}, tables: map[string]*entry{}}
	server := httptest.NewServer(http.HandlerFunc(c.serve))
	t.Cleanup(server.Close)
	c.URL = server.URL
	if outer, ok := t.(*testing.T); ok {
		outer.Setenv(inherited, c.URL)
	}
	return c
}

// Fault sets what answers requests instead, with the handler that would have.
func (c *Catalog) Fault(do func(http.ResponseWriter, *http.Request, http.Handler)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fault = do
}

// Tables returns the metadata of all tables, by name.
func (c *Catalog) Tables() map[string]table.Metadata {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := map[string]table.Metadata{}
	for key, e := range c.tables {
		all[key[strings.LastIndex(key, separator)+1:]] = e.metadata
	}
	return all
}

// Change changes the metadata of a table behind the catalog's back.
func (c *Catalog) Change(t testing.TB, name string, change func(json []byte) []byte) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	for key, e := range c.tables {
		if strings.HasSuffix(key, separator+name) {
			data, err := json.Marshal(e.metadata)
			if err == nil {
				e.metadata, err = table.ParseMetadataBytes(change(data))
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
}

// Fail answers with an error.
func Fail(w http.ResponseWriter, status int, kind, message string) {
	answer(w, status, map[string]any{"error": map[string]any{"message": message, "type": kind, "code": status}})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

func (c *Catalog) serve(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	fault := c.fault
	c.mu.Unlock()
	next := http.HandlerFunc(c.route)
	if fault != nil {
		fault(w, r, next)
		return
	}
	next(w, r)
}

func (c *Catalog) route(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if r.URL.Path == "/v1/oauth/tokens" {
		c.token(w, r)
		return
	}
	if !c.isAllowed(r) {
		Fail(w, http.StatusUnauthorized, "NotAuthorizedException", "no valid token, such as "+r.Header.Get("Authorization"))
		return
	}
	if r.URL.Path == "/v1/config" {
		if got := r.URL.Query().Get("warehouse"); got != Warehouse {
			Fail(w, http.StatusBadRequest, "BadRequestException", "no warehouse "+got)
			return
		}
		answer(w, http.StatusOK, map[string]any{"defaults": map[string]string{"unknown-default": "x"}, "overrides": map[string]string{"prefix": prefix}})
		return
	}
	path, ok := strings.CutPrefix(r.URL.Path, "/v1/"+prefix+"/namespaces")
	if !ok {
		Fail(w, http.StatusNotFound, "NotFoundException", "no such path")
		return
	}
	parts := strings.Split(strings.Trim(path, "/"), "/")
	switch {
	case path == "":
		c.makeNamespace(w, r)
	case !c.namespaces[parts[0]]:
		Fail(w, http.StatusNotFound, "NoSuchNamespaceException", "no such namespace")
	case len(parts) == 1:
		answer(w, http.StatusOK, map[string]any{"namespace": strings.Split(parts[0], separator), "properties": map[string]string{}})
	case len(parts) == 2 && r.Method == http.MethodGet:
		c.list(w, parts[0])
	case len(parts) == 2:
		c.create(w, r, parts[0])
	default:
		c.table(w, r, parts[0]+separator+parts[2])
	}
}

// token gives out tokens for the secret.
func (c *Catalog) token(w http.ResponseWriter, r *http.Request) {
	for key, want := range map[string]string{"grant_type": "client_credentials", "client_id": ID, "client_secret": Secret, "scope": Scope} {
		if r.PostFormValue(key) != want {
			answer(w, http.StatusUnauthorized, map[string]string{"error": "invalid_client", "error_description": "wrong " + key + ": " + r.PostFormValue(key)})
			return
		}
	}
	token := fmt.Sprintf("token-%d", len(c.tokens))
	c.tokens[token] = 0
	answer(w, http.StatusOK, map[string]any{"access_token": token, "token_type": "bearer", "expires_in": 3600})
}

func (c *Catalog) isAllowed(r *http.Request) bool {
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	used, known := c.tokens[token]
	if known && used != ended {
		c.tokens[token]++
	}
	return known && used != ended && (c.TokenUses == 0 || used < c.TokenUses)
}

func (c *Catalog) makeNamespace(w http.ResponseWriter, r *http.Request) {
	var request struct{ Namespace []string }
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil || r.Method != http.MethodPost || len(request.Namespace) == 0 {
		Fail(w, http.StatusBadRequest, "BadRequestException", "no namespace")
		return
	}
	key := strings.Join(request.Namespace, separator)
	parent, _, _ := cutLast(key)
	switch {
	case c.namespaces[key]:
		Fail(w, http.StatusConflict, "AlreadyExistsException", "it is there")
	case parent != "" && !c.namespaces[parent]:
		Fail(w, http.StatusNotFound, "NoSuchNamespaceException", "its parent is not there")
	default:
		c.namespaces[key] = true
		answer(w, http.StatusOK, map[string]any{"namespace": request.Namespace})
	}
}

func cutLast(key string) (before, last string, found bool) {
	at := strings.LastIndex(key, separator)
	if at < 0 {
		return "", key, false
	}
	return key[:at], key[at+1:], true
}

// EndTokens ends all tokens that it gave out.
func (c *Catalog) EndTokens() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for token := range c.tokens {
		c.tokens[token] = ended
	}
}

// Locked calls a function that requests don't run beside.
func (c *Catalog) Locked(do func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	do()
}
