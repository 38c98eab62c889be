package main

import (
	"archive/tar"
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	pq "github.com/parquet-go/parquet-go"

	"github.com/ckexport/ckexport/sinks"
)

// planted are secrets by the policy that covers them. Some are put into the
// archives here, some the containers had.
var planted = map[string][]string{
	"env": {
		"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", // memory of odd-env-argv
		"NOEQUALS",           // an entry there without =
		"envPlanted-swordfi", // spec.dump, config.dump
		"envApplied-swordfi", // an annotation with a pod's specification
		"DBpw-everywhere-71", // a password that stands in logs, arguments and annotations too
	},
	"args":        {"--password=hunter2", "argPlanted-swordfi", "argCreated-swordfi"},
	"annotations": {"annPlanted-swordfi", "labPlanted-swordfi", "envApplied-swordfi"},
	"logs":        {"logPlanted-swordfi", "criPlanted-swordfi"},
	"payloads":    {"pipe-data-TOKEN-12345", "message-two-SECRET", "tok-ESTAB"},
}

// inDocument are those that stand in JSON alone, which several policies replace
// as a whole.
var inDocument = map[string]bool{"envApplied-swordfi": true, "argCreated-swordfi": true, "labPlanted-swordfi": true}

const everywhere = "DBpw-everywhere-71"

// plantedArchives makes archives with the secrets in dir/in.
func plantedArchives(t *testing.T, dir string) {
	t.Helper()
	if err := os.Mkdir(filepath.Join(dir, "in"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"odd-env-argv.tar", "everything.tar.zst", "tcp-established.tar.zst"} {
		data, err := os.ReadFile(filepath.Join("../../testdata/archives", name))
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(name, ".zst") {
			decoder, err := zstd.NewReader(bytes.NewReader(data))
			if err != nil {
				t.Fatal(err)
			}
			data, err = io.ReadAll(decoder)
			if decoder.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if name == "odd-env-argv.tar" {
			data = plant(t, data)
		}
		if err := os.WriteFile(filepath.Join(dir, "in", strings.TrimSuffix(name, ".zst")), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// plant rewrites an archive of Podman with secrets in its metadata.
func plant(t *testing.T, data []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	in, w := tar.NewReader(bytes.NewReader(data)), tar.NewWriter(&out)
	for {
		header, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		switch header.Name {
		case "spec.dump":
			content = edit(t, content, func(spec map[string]any) {
				process := spec["process"].(map[string]any)
				process["env"] = append(process["env"].([]any), "PLAIN=envPlanted-swordfi", "DB_PASSWORD="+everywhere)
				process["args"] = append(process["args"].([]any), "argPlanted-swordfi", "--dsn=user:"+everywhere+"@db")
				spec["annotations"].(map[string]any)["team"] = "annPlanted-swordfi, " + everywhere
				spec["annotations"].(map[string]any)["kubectl.kubernetes.io/last-applied-configuration"] = `{"env":[{"name":"A","value":"envApplied-swordfi"}]}`
			})
		case "config.dump":
			content = edit(t, content, func(config map[string]any) {
				config["CreateCommand"] = []any{"podman", "run", "-e", "DB_PASSWORD=" + everywhere, "argCreated-swordfi", "-e", "PLAIN=envPlanted-swordfi"}
				config["labels"].(map[string]any)["com.example.team"] = "labPlanted-swordfi"
			})
		case "ctr.log":
			content = append(content, "2026-11-23T14:31:59.1+00:00 stdout F logPlanted-swordfi and "+everywhere+"\n"...)
		}
		header.Size = int64(len(content))
		if err := w.WriteHeader(header); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	log := "(00.000001) Error (criu/files.c:1): criPlanted-swordfi\n(00.000002) it says " + everywhere + "\n"
	if err := w.WriteHeader(&tar.Header{Name: "dump.log", Mode: 0o600, Size: int64(len(log))}); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, log); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func edit(t *testing.T, content []byte, change func(map[string]any)) []byte {
	t.Helper()
	var object map[string]any
	if err := json.Unmarshal(content, &object); err != nil {
		t.Fatal(err)
	}
	change(object)
	content, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// readable returns all that can be got out of the files at and below a path:
// their names and bytes, what zstd frames within hold, and, of whole Parquet
// files, every value as another implementation reads it.
func readable(t *testing.T, path string) string {
	t.Helper()
	var all strings.Builder
	decoder, err := zstd.NewReader(nil, zstd.IgnoreChecksum(true), zstd.WithDecoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	defer decoder.Close()
	err = filepath.WalkDir(path, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		all.WriteString(path + "\n")
		all.Write(data)
		for rest := data; ; {
			at := bytes.Index(rest, []byte{0x28, 0xb5, 0x2f, 0xfd})
			if at < 0 {
				break
			}
			if err := decoder.Reset(bytes.NewReader(rest[at:])); err != nil {
				return err
			}
			_, _ = io.Copy(&all, decoder) // what follows the frame is no frame, or the file is cut
			rest = rest[at+4:]
		}
		if strings.HasSuffix(path, ".parquet") {
			parquetValues(t, data, &all)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}

// parquetValues adds every value of a Parquet file, if it is a whole one.
func parquetValues(t *testing.T, data []byte, all *strings.Builder) {
	t.Helper()
	file, err := pq.OpenFile(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return // cut: a killed run left it
	}
	for _, group := range file.RowGroups() {
		rows := group.Rows()
		buffer := make([]pq.Row, 64)
		for {
			n, err := rows.ReadRows(buffer)
			for _, r := range buffer[:n] {
				for _, v := range r {
					all.WriteString(v.String() + "\n")
				}
			}
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := rows.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// databaseValues returns every row of every table of a database, as text.
func databaseValues(t *testing.T, path string) string {
	t.Helper()
	format, err := formats(places{}).At(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	db, err := format.OpenSQL(t.Context(), path, sinks.SQLOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	texts := func(query string) (list []string) {
		rows, err := db.QueryContext(t.Context(), query)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		for rows.Next() {
			var s string
			if err := rows.Scan(&s); err != nil {
				t.Fatal(err)
			}
			list = append(list, s)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		return list
	}
	var all []string
	tables := texts("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'main'")
	for _, table := range tables {
		all = append(all, texts(`SELECT CAST(t AS VARCHAR) FROM "`+table+`" AS t`)...)
	}
	if len(tables) < 60 || len(all) < 1000 {
		t.Fatalf("%d tables with %d rows", len(tables), len(all))
	}
	return strings.Join(all, "\n")
}

// holds reports whether a text has a secret in it, plain or in a form that
// outputs write bytes in.
func holds(text, secret string) bool {
	if strings.Contains(text, secret) || strings.Contains(text, hex.EncodeToString([]byte(secret))) {
		return true
	}
	for shift := range 3 { // base64 of the bytes, wherever they begin
		padded := base64.StdEncoding.EncodeToString(append(make([]byte, shift), secret...))
		skip, end := []int{0, 2, 3}[shift], len(padded)-4
		if strings.Contains(text, padded[skip:end]) {
			return true
		}
	}
	return false
}

// expectSecrets checks that a text has none of the secrets that the policies
// cover, and, so that the test can fail, each of those that none of them does.
func expectSecrets(t *testing.T, what, text string, policies ...string) {
	t.Helper()
	covered := map[string]bool{}
	for _, p := range policies {
		for policy, secrets := range planted {
			for _, s := range secrets {
				covered[s] = covered[s] || policy == p || p == "all"
			}
		}
	}
	for _, secrets := range planted {
		for _, s := range secrets {
			switch found := holds(text, s); {
			case found && covered[s]:
				t.Errorf("%s: %q is still there", what, s)
			case !found && !covered[s] && !(len(policies) > 0 && inDocument[s]):
				t.Errorf("%s: %q is gone, or this test does not find it", what, s)
			}
		}
	}
}

// TestSecretsAreRedacted plants secrets in real archives, and looks for them in
// all that runs with each policy make and say.
func TestSecretsAreRedacted(t *testing.T) {
	dir := t.TempDir()
	plantedArchives(t, dir)
	for _, policy := range []string{"", "env", "args", "payloads", "annotations", "logs", "all"} {
		for _, output := range []string{"fleet.parquet", "fleet.duckdb"} {
			if strings.HasSuffix(output, ".duckdb") && policy != "" && policy != "env" && policy != "all" {
				continue // the rows are the same
			}
			args := []string{"./in", "-o", policy + output, "--payloads", "--memory", "all", "--log-level", "debug", "--summary-json", "summary.json"}
			var policies []string
			if policy != "" {
				args, policies = append(args, "--redact", policy, "--redact-key-file", "key"), []string{policy}
			}
			if policy == "" || policy == "all" || policy == "payloads" { // --raw has payloads in it, too
				args = append(args, "--raw")
			}
			said := wideOpen(t, dir, "ckexport", args...)
			path := filepath.Join(dir, policy+output)
			what := output + " with --redact " + policy
			text := readable(t, path)
			if strings.HasSuffix(output, ".duckdb") {
				text += databaseValues(t, path)
			}
			expectSecrets(t, what, text, policies...)
			ownersOnly(t, path)
			summary, err := os.ReadFile(filepath.Join(dir, "summary.json"))
			if err != nil {
				t.Fatal(err)
			}
			expectSecrets(t, what+": messages", said+string(summary), "all")
			if policy != "" {
				key, err := os.ReadFile(filepath.Join(dir, "key"))
				if err != nil {
					t.Fatal(err)
				}
				if strings.Contains(text+said, strings.TrimSpace(string(key))) {
					t.Errorf("%s: the key is in the output", what)
				}
			}
		}
	}
	ownersOnly(t, filepath.Join(dir, "key"))
	ownersOnly(t, filepath.Join(dir, "summary.json"))
}

// wideOpen runs a command with a umask that takes nothing away, and returns
// what it says.
func wideOpen(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command("sh", append([]string{"-c", `umask 000; exec "$0" "$@"`, name}, args...)...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %v\n%s", args, err, out)
	}
	return string(out)
}

// ownersOnly checks that nobody but their owner may use files and folders.
func ownersOnly(t *testing.T, path string) {
	t.Helper()
	err := filepath.WalkDir(path, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil // a run is going on
		}
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestKilledRunsLeaveNoSecrets kills runs as soon as they have written rows, and
// looks for secrets in what they leave.
func TestKilledRunsLeaveNoSecrets(t *testing.T) {
	dir := t.TempDir()
	plantedArchives(t, dir)
	for _, output := range []string{"fleet.parquet", "fleet.duckdb"} {
		for policy, args := range map[string][]string{"": nil, "all": {"--redact", "all"}} {
			left := ""
			for try := 0; left == "" && try < 50; try++ {
				left = killedRun(t, dir, policy+output, args)
				if policy == "" && !holds(left, "logPlanted-swordfi") {
					left = ""
				}
			}
			switch {
			case left == "":
				t.Fatalf("%s: no run was killed while it had rows on disk", output)
			case policy == "all":
				expectSecrets(t, "what a killed run left of "+output, left, "all")
			}
		}
	}
}

// killedRun starts a run on a new output, kills it when its folder beside the
// output holds a file with rows, and returns what it left; empty if it was
// faster. A database has rows when it is larger than when it was opened.
func killedRun(t *testing.T, dir, output string, args []string) string {
	t.Helper()
	if err := os.RemoveAll(filepath.Join(dir, output)); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sh", append([]string{"-c", `umask 000; exec "$0" "$@"`, "ckexport", "./in", "-o", output, "--payloads", "--raw", "--quiet"}, args...)...)
	cmd.Dir = dir
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	opened := int64(-1) // size of the database, then
	for {
		select {
		case <-ended:
			return ""
		case <-time.After(time.Millisecond):
		}
		staged, err := filepath.Glob(filepath.Join(dir, "."+output+".*.tmp"))
		if err != nil {
			t.Fatal(err)
		}
		for _, folder := range staged {
			parts, err := filepath.Glob(filepath.Join(folder, "container_log_lines", "*.parquet"))
			if err != nil {
				t.Fatal(err)
			}
			spooled, err := filepath.Glob(filepath.Join(folder, "rows", "container_log_lines", "*.parquet"))
			if err != nil {
				t.Fatal(err)
			}
			files := append(parts, spooled...)
			database := filepath.Join(folder, "new.duckdb")
			if info, err := os.Stat(database); err == nil {
				if _, err := os.Stat(database + ".wal"); err == nil && opened < 0 {
					opened = info.Size()
				}
				if opened >= 0 && info.Size() > opened {
					files = append(files, database)
				}
			}
			for _, p := range files {
				if info, err := os.Stat(p); err != nil || info.Size() == 0 {
					continue
				}
				if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
					return ""
				}
				<-ended
				if _, err := os.Stat(folder); err != nil {
					return "" // it had ended
				}
				ownersOnly(t, folder)
				return readable(t, folder)
			}
		}
	}
}
