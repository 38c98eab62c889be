//go:build !noduckdb

package queries_test

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ckexport/ckexport/pipeline"
	"github.com/ckexport/ckexport/pipeline/decode"
	"github.com/ckexport/ckexport/pipeline/source"
	"github.com/ckexport/ckexport/queries"
	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/duckdb"
	"github.com/ckexport/ckexport/sinks/parquet"
)

// answers are what the queries must find in testdata's archives, a row a line.
// They follow from what the containers were made to do (testdata/README.md),
// and from what /proc told of them (the .truth folders).
var answers = map[string]struct {
	columns string
	rows    []string
}{
	"listening-ports": {"container_name, protocol, local_address, local_port, pid", []string{
		"f-bridge-net tcp :: 8000 1",
		"f-nginx tcp 0.0.0.0 80 1", "f-nginx tcp 0.0.0.0 80 6", "f-nginx tcp 0.0.0.0 80 7", "f-nginx tcp 0.0.0.0 80 8", "f-nginx tcp 0.0.0.0 80 9",
		"f-redis tcp 0.0.0.0 6379 1", "f-redis tcp :: 6379 1",
		"f-shell-tree tcp :: 9999 9",
		"f-tcp-established tcp 127.0.0.1 8080 1",
		"f-udp-netlink tcp 0.0.0.0 4444 1", "f-udp-netlink tcp 127.0.0.1 9090 1", "f-udp-netlink udp 127.0.0.1 5353 1", "f-udp-netlink udp ::1 5354 1",
	}},
	"established-connections": {"container_name, comm, state, local_port, remote_port, peer_comm", []string{
		"f-redis redis-cli ESTABLISHED 42718 6379 redis-server", "f-redis redis-server ESTABLISHED 6379 42718 redis-cli",
		"f-tcp-established feat CLOSE_WAIT 8080 38790 feat", "f-tcp-established feat ESTABLISHED 38778 8080 feat",
		"f-tcp-established feat ESTABLISHED 8080 38778 feat", "f-tcp-established feat FIN_WAIT2 38790 8080 feat",
	}},
	"shells-under-servers": {"container_name, comm, server_comm, server_pid", []string{"f-redis sh redis-server 1"}},
	"reverse-shells":       {"container_name, pid", nil},
	"added-system-files": {"container_name, path, type, mode", []string{
		`c /etc/passwd file 0644`, `c /root/.ssh/authorized_keys file 0600`, `c /root/fifo fifo 0600`, `c /root/hardlink file 4755`, `c /root/link symlink 0777`,
		`c /root/naïve\x0aname\xff file 0644`, `c /root/sparse file 0644`, `c /root/suid hardlink 4755`,
		`f-nonroot-userns-caps /etc/group file 0644`, `f-nonroot-userns-caps /etc/passwd file 0644`,
		`f-rootfs-changes /etc/passwd file 0644`, `f-rootfs-changes /root/.ssh/authorized_keys file 0600`, `f-rootfs-changes /root/fifo fifo 0600`,
		`f-rootfs-changes /root/hardlink file 4755`, `f-rootfs-changes /root/link symlink 0777`, `f-rootfs-changes /root/naïve\x0aname\xff file 0644`,
		`f-rootfs-changes /root/sparse file 0644`, `f-rootfs-changes /root/suid hardlink 4755`,
	}},
	"deleted-open-files": {"container_name, path, pid, fd, size_bytes", []string{
		"f-everything /tmp/ghost.bin 13 5 102400", "f-everything /tmp/ghost.map NULL NULL 8192", "f-everything /tmp/ghost.sparse 13 6 200003", "f-everything /tmp/ghost.txt 13 4 36",
		"f-ghost-files /tmp/ghost.bin 1 4 102400", "f-ghost-files /tmp/ghost.map NULL NULL 8192", "f-ghost-files /tmp/ghost.sparse 1 5 200003", "f-ghost-files /tmp/ghost.txt 1 3 36",
		"f-p5-everything /tmp/ghost.bin 13 5 102400", "f-p5-everything /tmp/ghost.map NULL NULL 8192", "f-p5-everything /tmp/ghost.sparse 13 6 200003", "f-p5-everything /tmp/ghost.txt 13 4 36",
	}},
	"rwx-mappings":       {"container_name, pid, perms, kind", []string{"f-everything 14 rwxp anon", "f-p5-everything 14 rwxp anon"}},
	"secret-environment": {"container_name, pid, name, value_length", []string{"f-odd-env-argv 1 AWS_SECRET_ACCESS_KEY 40"}},
	"host-paths-mounted": {"container_name, destination, writable, is_engine_socket", []string{
		"app /cache true false", "f-nginx /cfg false false", "f-volumes /bind true false", "f-volumes /vol true false",
	}},
	"root-without-no-new-privs": {"DISTINCT container_name, euid", []string{
		"app 0", "c 0", "f-bridge-net 0", "f-everything 0", "f-fd-kinds 0", "f-ghost-files 0", "f-memhash-shm 0", "f-nginx 0", "f-odd-env-argv 0", "f-p5-everything 0",
		"f-redis 0", "f-rootfs-changes 0", "f-shell-tree 0", "f-tcp-established 0", "f-tmpfs-data 0", "f-udp-netlink 0", "f-unix-sockets 0", "f-volumes 0", "life 0", "pc-sleep 0",
	}},
	"processes-by-image": {"image, program, processes, containers", []string{
		"docker.io/fleet/bb:3 /bin/busybox 18 7", "docker.io/fleet/bb:3 /bin/feat 38 13",
		"docker.io/fleet/deb:2 /usr/bin/dash 1 1", "docker.io/fleet/deb:2 /usr/bin/sleep 1 1", "docker.io/fleet/deb:2 /usr/bin/redis-check-rdb 1 1", "docker.io/fleet/deb:2 /usr/bin/redis-cli 1 1", "docker.io/fleet/deb:2 /usr/sbin/nginx 5 1",
	}},
	"fleet-overview": {"engine, image, checkpoints, containers, not_ok, processes", []string{
		"containerd docker.io/fleet/bb:3 1 1 0 1", "cri-o docker.io/fleet/bb:3 2 2 0 2", "podman docker.io/fleet/bb:3 20 17 0 53", "podman docker.io/fleet/deb:2 2 2 0 9",
	}},
	"fleet":        {"count(*)", []string{"25"}},
	"process-tree": {"container_name, depth, tree", nil}, // see below
	"listening":    {"DISTINCT container_name, family, name", nil},
	"connections":  {"container_name, protocol, local_port, remote_port", nil},
	"changes": {"container_name, kind, change, item", []string{
		"life file added /tmp/state", "life file added /tmp/xmrig", "life file changed /tmp/ctr", "life file changed /tmp/ctr", "life file changed /tmp/state",
		"life file removed /etc/delete-me",
		"life process added 21 sleep 0.5", "life process added 34 sleep 0.5", "life process removed 21 sleep 0.5", "life process removed 8 sleep 0.5",
	}},
}

// TestAnswers runs every query on both kinds of output of testdata's archives.
func TestAnswers(t *testing.T) {
	for _, format := range []sinks.Format{duckdb.Format(), parquet.Format()} {
		t.Run(format.Name, func(t *testing.T) {
			db := exported(t, format)
			for _, q := range queries.All() {
				want, ok := answers[q.Name]
				if !ok {
					t.Errorf("query %s has no known answer: add it to the test", q.Name)
					continue
				}
				got := rows(t, db, fmt.Sprintf("SELECT %s FROM (%s) ORDER BY ALL", want.columns, q.SQL))
				if want.rows == nil && q.Name != "reverse-shells" {
					if len(got) == 0 {
						t.Errorf("%s finds nothing", q.Name)
					}
					continue
				}
				slices.Sort(want.rows)
				slices.Sort(got)
				if diff := cmp.Diff(want.rows, got); diff != "" {
					t.Errorf("%s (-want +got):\n%s", q.Name, diff)
				}
				if v := rows(t, db, "SELECT count(*) FROM "+q.ViewName()); len(v) != 1 {
					t.Errorf("%s is no view", q.ViewName())
				}
			}
		})
	}
}

// TestTree checks the view of a tree whose shape is known.
func TestTree(t *testing.T) {
	got := rows(t, exported(t, duckdb.Format()), "SELECT depth, comm FROM process_tree WHERE container_name = 'f-shell-tree'")
	want := []string{"0 sh", "1 sh", "2 sleep", "1 sh", "2 sleep", "2 cat", "1 httpd"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestReverseShell gives a process of a real archive the connected socket as
// standard input and output, as a reverse shell has it: then it is found.
func TestReverseShell(t *testing.T) {
	ctx := context.Background()
	d := &decode.Decoder{Limits: decode.DefaultLimits()}
	r, err := d.Decode(ctx, "../testdata/archives/tcp-established.tar.zst")
	if err != nil {
		t.Fatal(err)
	}
	c := r.Checkpoints[0]
	for _, s := range c.Sockets {
		if s.State.Name == nil || *s.State.Name != "ESTABLISHED" {
			continue
		}
		for i := range c.FileDescriptors {
			if c.FileDescriptors[i].FD <= 1 {
				c.FileDescriptors[i].FileID = s.FileID
			}
		}
	}
	path := filepath.Join(t.TempDir(), "shell.duckdb")
	sink, err := duckdb.Open(ctx, path, options())
	if err != nil {
		t.Fatal(err)
	}
	defer sink.Close()
	for _, table := range schema.Tables() {
		b := table.NewBuilder()
		b.Append(c)
		batch := b.NewBatch()
		if err := sink.Write(ctx, table, batch); err != nil {
			t.Fatal(err)
		}
		batch.Release()
	}
	if err := sink.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	db, err := duckdb.OpenOutput(ctx, path, views())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	got := rows(t, db, "SELECT container_name, pid, fds, remote_address FROM reverse_shells")
	if diff := cmp.Diff([]string{"f-tcp-established 1 [0 1] 127.0.0.1"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func options() sinks.Options {
	return sinks.Options{Tables: schema.Tables(), RunID: "test", Version: "test", Views: views()}
}

func views() []sinks.View {
	var list []sinks.View
	for _, q := range queries.All() {
		list = append(list, sinks.View{Name: q.ViewName(), Comment: q.Comment(), SQL: q.SQL, Tables: q.Tables})
	}
	return list
}

// exported exports testdata's archives and opens the output.
func exported(t *testing.T, format sinks.Format) *sql.DB {
	t.Helper()
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "fleet"+format.Suffixes[0])
	found, err := source.Find(ctx, []string{"../testdata/archives"}, nil, path)
	if err != nil {
		t.Fatal(err)
	}
	sink, err := format.Open(ctx, path, options())
	if err != nil {
		t.Fatal(err)
	}
	summary, err := pipeline.Run(ctx, pipeline.Options{
		Archives: found.Archives, Tables: schema.Tables(), Sink: sink, Run: schema.Run{RunID: "test", ToolVersion: "test"},
		Limits: decode.DefaultLimits(), Jobs: 2, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	if summary.Bad() {
		t.Fatalf("archives failed: %+v", summary)
	}
	if err := sink.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := duckdb.OpenOutput(ctx, path, views())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// rows runs a query and returns its rows, a line each.
func rows(t *testing.T, db *sql.DB, query string) []string {
	t.Helper()
	result, err := db.Query(query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer result.Close()
	columns, err := result.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	values, places := make([]any, len(columns)), make([]any, len(columns))
	for i := range values {
		places[i] = &values[i]
	}
	for result.Next() {
		if err := result.Scan(places...); err != nil {
			t.Fatal(err)
		}
		parts := make([]string, len(values))
		for i, v := range values {
			if parts[i] = fmt.Sprint(v); v == nil {
				parts[i] = "NULL"
			}
		}
		lines = append(lines, strings.Join(parts, " "))
	}
	if err := result.Err(); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return lines
}
