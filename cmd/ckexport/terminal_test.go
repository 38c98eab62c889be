package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestNothingSteersTheTerminal runs the command on files whose names could
// steer a terminal, forge lines of a log or break out of SQL: such a name is
// exact in the output, and escaped wherever it is printed.
func TestNothingSteersTheTerminal(t *testing.T) {
	dir := t.TempDir()
	whole, err := os.ReadFile("../../testdata/archives/odd-env-argv.tar")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, evil := range evilNames {
		if strings.Contains(evil, "/") {
			continue
		}
		for name, data := range map[string][]byte{evil + ".tar": whole, evil + "cut.tar": whole[:len(whole)/2], evil + "noise.tar": []byte(evil)} {
			names = append(names, name)
			if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	ckexport := func(args ...string) string {
		t.Helper()
		cmd := exec.Command("ckexport", args...)
		cmd.Dir = dir
		var stdout, stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		cmd.Run() //nolint:errcheck // whatever it says is looked at
		isPrintable(t, strings.Join(args, " ")+": standard error", stderr.String())
		isPrintable(t, strings.Join(args, " ")+": standard output", stdout.String())
		for line := range strings.Lines(stderr.String()) {
			if strings.HasPrefix(line, `level=ERROR msg="forged"`) {
				t.Errorf("%v: a forged line of the log", args)
			}
		}
		return stdout.String()
	}
	for i, output := range []string{"out.parquet", "out.duckdb"} {
		ckexport(".", "-o", output, "--log-level", "debug", "--log-format", []string{"text", "json"}[i])
		ckexport(".", "-o", output, "--dry-run")
		if got := strings.TrimSpace(answerOf(ckexport("query", output, "SELECT count(*) FROM archives", "--format", "csv"))); got != fmt.Sprint(len(names)) {
			t.Errorf("%s: the ledger has %s archives of %d", output, got, len(names))
		}
		for _, format := range []string{"table", "csv", "json", "markdown"} {
			if out := ckexport("query", output, "SELECT source, archive_name, error FROM archives ORDER BY source", "--format", format); !strings.Contains(out, "pwned") {
				t.Errorf("%s as %s: no answer: %s", output, format, out)
			}
			ckexport("query", output, "SELECT '\u009b31m' AS \"\u009b2J\", [chr(27)] AS list, MAP {chr(27): chr(155)} AS map, {'a': chr(8238)} AS struct, chr(27)::BLOB AS blob", "--format", format)
		}
		ckexport("query", output, "SELECT '\x1b[2J\u009b'::INTEGER")
		for _, format := range []string{"text", "json", "markdown"} {
			if out := ckexport("diff", output, "f-odd-env-argv@1", "f-odd-env-argv@2", "--format", format); !strings.Contains(out, "processes") {
				t.Errorf("%s as %s: no answer: %s", output, format, out)
			}
		}
		ckexport("diff", output, "f-odd-env-argv", names[0])
	}
	for _, name := range names {
		ckexport("./"+name, "-o", "one.parquet", "--overwrite")
		ckexport("./missing"+name, "-o", "one.parquet", "--overwrite")
		ckexport(".", "-o", name+"/missing/out.parquet")
		ckexport(".", "-o", name)
		ckexport("query", name, "SELECT 1")
		ckexport("diff", "out.duckdb", name, "0123456789")
	}
	ckexport(".", "--tables", evilNames[0]+evilNames[2], "-o", "x.parquet")
	ckexport(".", "--label", evilNames[0], "-o", "x.parquet")
	ckexport("--"+evilNames[2], ".")
	ckexport("query", "out.parquet", evilNames[0])
}
