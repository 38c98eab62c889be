//go:build linux && !noduckdb && !noiceberg

package iceberg

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/ckexport/ckexport/objectstore"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/duckdb"
)

const postgresPassword = "a-password-not-to-be-told"

// startPostgreSQL starts a server, and returns its address. It does not run as root.
func startPostgreSQL(t *testing.T) string {
	t.Helper()
	const inherited = "CKEXPORT_TEST_POSTGRESQL"
	if address := os.Getenv(inherited); address != "" { // in another process of a test
		return address
	}
	programs, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil {
		t.Fatal(err)
	}
	path := os.Getenv("PATH")
	for _, dir := range programs {
		path += ":" + dir
	}
	t.Setenv("PATH", path)
	dir, err := os.MkdirTemp("", "postgresql-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	var as *syscall.Credential
	if os.Geteuid() == 0 {
		const nobody = 65534
		as = &syscall.Credential{Uid: nobody, Gid: nobody}
		if err := os.Chown(dir, nobody, nobody); err != nil {
			t.Fatal(err)
		}
	}
	password := filepath.Join(dir, "password")
	if err := os.WriteFile(password, []byte(postgresPassword), 0o644); err != nil {
		t.Fatal(err)
	}
	program := func(ctx context.Context, name string, args ...string) *exec.Cmd {
		cmd := exec.CommandContext(ctx, name, args...)
		cmd.Dir, cmd.SysProcAttr = dir, &syscall.SysProcAttr{Credential: as}
		return cmd
	}
	data := filepath.Join(dir, "data")
	if out, err := program(t.Context(), "initdb", "--auth=scram-sha-256", "--username=ckexport", "--pwfile="+password, "--no-sync", data).CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v (on Debian: apt-get install postgresql)\n%s", err, out)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	server := program(context.Background(), "postgres", "-D", data, "-h", "127.0.0.1", "-p", port, "-k", "", "-F")
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Signal(syscall.SIGQUIT)
		_ = server.Wait()
	})
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		if program(t.Context(), "pg_isready", "-h", "127.0.0.1", "-p", port).Run() == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("PostgreSQL does not answer")
		}
	}
	t.Setenv(inherited, address)
	return address
}

// TestPostgreSQLCatalog adds, replaces and forgets rows with a catalog in PostgreSQL.
func TestPostgreSQLCatalog(t *testing.T) {
	address := startPostgreSQL(t)
	t.Setenv("CATALOG_PASSWORD", postgresPassword)
	file := propertiesFile(t, "type = jdbc", "uri = jdbc:postgresql://"+address+"/postgres?sslmode=disable", "jdbc.user = ckexport", "jdbc.password = ${CATALOG_PASSWORD}", "warehouse = warehouse")
	format := CatalogFormat(duckdb.Engine(), objectstore.Options{}, file)
	commitAndClose(t, servedRun(t, format, options(t, "run1"), 0))
	first, second := servedRun(t, format, options(t, "run2"), 50), servedRun(t, format, options(t, "run3"), 100)
	commitAndClose(t, first)
	if err := errors.Join(second.Commit(t.Context()), second.Close()); !errors.Is(err, errMeanwhile) {
		t.Errorf("the second of two runs: %v", err)
	}
	servedRows(t, format, rowsOf(t, 0, 50))
	if _, err := format.Rewrite(t.Context(), inCatalog, options(t, "compact"), sinks.Rewrite{Compact: true}); err != nil {
		t.Error(err)
	}
	servedRows(t, format, rowsOf(t, 0, 50))
	opts := options(t, "run4")
	opts.Overwrite = true
	commitAndClose(t, servedRun(t, format, opts, 150))
	servedRows(t, format, rowsOf(t, 150))
}
