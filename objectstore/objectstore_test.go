package objectstore_test

import (
	"bytes"
	"errors"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/ckexport/ckexport/objectstore"
	"github.com/ckexport/ckexport/objectstore/storetest"
)

func connect(t *testing.T) (*storetest.Store, *objectstore.Store) {
	t.Helper()
	server := storetest.New(t, "fleet")
	store, err := objectstore.Connect(server.Options())
	if err != nil {
		t.Fatal(err)
	}
	return server, store
}

// TestConditions checks that of several writers one gets through, and that errors
// are found by what they are.
func TestConditions(t *testing.T) {
	server, store := connect(t)
	ctx := t.Context()
	first, err := store.Put(ctx, "fleet", "a", []byte("1"), objectstore.IfAbsent())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.Put(ctx, "fleet", "a", []byte("2"), objectstore.IfAbsent()); !errors.Is(err, objectstore.ErrPrecondition) {
		t.Errorf("of an object that is there: %v", err)
	}
	if _, err := store.Put(ctx, "fleet", "a", []byte("3"), objectstore.IfIs(first)); err != nil {
		t.Error(err)
	}
	if _, err := store.Put(ctx, "fleet", "a", []byte("4"), objectstore.IfIs(first)); !errors.Is(err, objectstore.ErrPrecondition) {
		t.Errorf("of an object that changed: %v", err)
	}
	if _, err := store.Put(ctx, "fleet", "b", []byte("5"), objectstore.IfIs(first)); !errors.Is(err, objectstore.ErrPrecondition) {
		t.Errorf("of an object that is gone: %v", err)
	}
	if data, _, err := store.ReadAll(ctx, "fleet", "a", 10); string(data) != "3" || err != nil {
		t.Errorf("got %q, %v", data, err)
	}
	if _, _, err := store.ReadAll(ctx, "fleet", "b", 10); !errors.Is(err, fs.ErrNotExist) || errors.Is(err, objectstore.ErrNoBucket) {
		t.Errorf("no object: %v", err)
	}
	if _, _, err := store.ReadAll(ctx, "other", "b", 10); !errors.Is(err, objectstore.ErrNoBucket) {
		t.Errorf("no bucket: %v", err)
	}
	server.Fault(func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		storetest.Fail(w, http.StatusForbidden, "SignatureDoesNotMatch")
	})
	_, err = store.Put(ctx, "fleet", "a", nil, objectstore.IfAbsent())
	if !errors.Is(err, fs.ErrPermission) || !errors.Is(err, objectstore.ErrRefused) || strings.Contains(err.Error(), storetest.Secret) {
		t.Errorf("a wrong key: %v", err)
	}
}

// TestCopy reads an object whose connection breaks, and one that changes meanwhile.
func TestCopy(t *testing.T) {
	server, store := connect(t)
	content := bytes.Repeat([]byte("0123456789abcdef"), 40<<10)
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := store.PutFile(t.Context(), "fleet", "large", path); err != nil {
		t.Fatal(err)
	}
	// The first answer ends too early, with an ETag that may be another's.
	cut := func(etag string) func(http.ResponseWriter, *http.Request, http.Handler) {
		var gets atomic.Int64
		return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			if gets.Add(1) > 1 {
				next.ServeHTTP(w, r)
				return
			}
			whole := httptest.NewRecorder()
			next.ServeHTTP(whole, r)
			maps.Copy(w.Header(), whole.Header())
			if etag != "" {
				w.Header().Set("ETag", etag)
			}
			w.WriteHeader(whole.Code)
			_, _ = w.Write(whole.Body.Bytes()[:100_000])
		}
	}
	var got bytes.Buffer
	server.Fault(cut(""))
	if err := store.Copy(t.Context(), "fleet", "large", int64(len(content)), &got); err != nil || !bytes.Equal(got.Bytes(), content) {
		t.Errorf("%d bytes, %v", got.Len(), err)
	}
	server.Fault(cut(`"2fdeb6e4ad9d29b2ed2bf6f58dbfe2a8"`))
	if err := store.Copy(t.Context(), "fleet", "large", int64(len(content)), &got); !errors.Is(err, objectstore.ErrPrecondition) {
		t.Errorf("of an object that changed: %v", err)
	}
	server.Fault(nil)
	if err := store.Copy(t.Context(), "fleet", "large", 7, &got); !errors.Is(err, objectstore.ErrSize) {
		t.Errorf("of another size: %v", err)
	}
}
