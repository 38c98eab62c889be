//go:build !noduckdb

package main

import (
	"errors"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// gateway is a real object store: versitygw, which keeps objects as files. It
// heeds If-Match and If-None-Match, but looks first and writes then, so that now
// and then two of many writers at once come through. A proxy in front lets one of
// them in at a time, as other stores do.
type gateway struct {
	data string // the folder of the buckets
	url  string // of the proxy

	server  []string // the command that starts the store
	process *exec.Cmd

	mu     sync.Mutex
	fault  func(http.ResponseWriter, *http.Request, http.Handler) // answers instead
	writes sync.Mutex
}

const gatewayVersion = "v1.8.0"

// gatewayProgram returns the path of versitygw, which is built once.
func gatewayProgram(t *testing.T) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(cache, "ckexport-test", "versitygw-"+gatewayVersion)
	path := filepath.Join(dir, "versitygw")
	if _, err := os.Stat(path); err == nil {
		return path
	}
	cmd := exec.CommandContext(t.Context(), "go", "install", "github.com/versity/versitygw/cmd/versitygw@"+gatewayVersion)
	cmd.Env = append(os.Environ(), "GOBIN="+dir, "GOFLAGS=")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building versitygw: %v\n%s", err, out)
	}
	return path
}

// startGateway starts the store, with the bucket fleet.
func startGateway(t *testing.T) *gateway {
	t.Helper()
	g := &gateway{data: t.TempDir()}
	if err := os.Mkdir(filepath.Join(g.data, "fleet"), 0o700); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()
	g.server = []string{gatewayProgram(t), "--access", "key", "--secret", storeSecret, "--port", address, "posix", g.data}
	if err := g.start(address); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.kill() })
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(&url.URL{Scheme: "http", Host: address})
		r.Out.Host = r.In.Host // it is signed
	}, ErrorLog: log.New(io.Discard, "", 0)} // the store may be killed
	answer := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("If-Match")+r.Header.Get("If-None-Match") != "" && r.Method == http.MethodPut {
			g.writes.Lock()
			defer g.writes.Unlock()
		}
		proxy.ServeHTTP(w, r)
	})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.mu.Lock()
		fault := g.fault
		g.mu.Unlock()
		if fault != nil {
			fault(w, r, answer)
			return
		}
		answer(w, r)
	}))
	t.Cleanup(server.Close)
	g.url = server.URL
	return g
}

// start starts the store, and waits for it.
func (g *gateway) start(address string) error {
	g.process = exec.Command(g.server[0], g.server[1:]...)
	if err := g.process.Start(); err != nil {
		return err
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		c, err := net.Dial("tcp", address)
		if err == nil {
			return c.Close()
		}
		if time.Now().After(deadline) {
			g.kill()
			return err
		}
	}
}

// kill kills the store.
func (g *gateway) kill() {
	_ = g.process.Process.Kill()
	_ = g.process.Wait()
}

// crashing kills the store now and then, and starts it again, while do runs.
func (g *gateway) crashing(t *testing.T, chance *rand.Rand, do func()) {
	t.Helper()
	address := g.server[slices.Index(g.server, "--port")+1]
	crashes := 0
	done, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		for {
			select {
			case <-done:
				ended <- nil
				return
			case <-time.After(time.Duration(500+chance.IntN(2000)) * time.Millisecond):
			}
			g.kill()
			crashes++
			time.Sleep(time.Duration(chance.IntN(1000)) * time.Millisecond)
			if err := g.start(address); err != nil {
				ended <- err
				return
			}
		}
	}()
	do()
	close(done)
	if err := <-ended; err != nil {
		t.Fatalf("starting the store again: %v", err)
	}
	t.Logf("the store was killed %d times", crashes)
	if crashes == 0 {
		t.Error("the store was never killed")
	}
}

// answering sets what answers requests instead, with the handler that would have.
func (g *gateway) answering(fault func(http.ResponseWriter, *http.Request, http.Handler)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.fault = fault
}

// command returns one on a machine of its own: it has a folder for temporary files.
func (g *gateway) command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "ckexport", args...)
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), "AWS_ACCESS_KEY_ID=key", "AWS_SECRET_ACCESS_KEY="+storeSecret, "AWS_ENDPOINT_URL="+g.url, "AWS_REGION=us-east-1", "TMPDIR="+cmd.Dir)
	return cmd
}

// run returns what a command says, and its exit code. It must tell no secret, and
// leave no temporary file.
func (g *gateway) run(t *testing.T, args ...string) (string, int) {
	t.Helper()
	cmd := g.command(t, args...)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if strings.Contains(string(out), storeSecret) {
		t.Errorf("ckexport %q tells the secret key:\n%s", args, out)
	}
	if left, err := filepath.Glob(filepath.Join(cmd.Dir, "ckexport-*", "*")); err != nil || len(left) > 0 {
		t.Errorf("ckexport %q left %v, %v", args, left, err)
	}
	if left, err := filepath.Glob(filepath.Join(cmd.Dir, "ckexport-*", ".*")); err != nil || len(left) > 0 {
		t.Errorf("ckexport %q left %v, %v", args, left, err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// ok returns what a command says that must succeed.
func (g *gateway) ok(t *testing.T, args ...string) string {
	t.Helper()
	out, code := g.run(t, args...)
	if code != exitOK {
		t.Errorf("ckexport %q: exit code %d\n%s", args, code, out)
	}
	return out
}
