//go:build linux && amd64

package main

import (
	"errors"
	"html"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ckexport/ckexport/plain"
	"github.com/ckexport/ckexport/sinks"
)

// oddPlaces are folders and outputs in them whose names mean something to
// readers of partitions, patterns, URLs, shells, flags or SQL.
var oddPlaces = []struct{ folder, output string }{
	{"pid=77/checkpoint_id=abc/year=2026/status=failed/checkpointed_at=x", "pid=78"},
	{"b[1]/b*", "fleet"},
	{"b?", "fleet"},
	{"own name", "[b]*"},
	{"it's \"odd\"\n", "it's \"odd\"\n"},
	{"\xff\xfe", "\xff"},
	{"-dash", "-o"},
	{`file:/a\b[*] {x,y}%41#~$HOME;--`, `s3:\*`},
}

// TestOutputsAnywhere runs every command that takes an output, on outputs below
// folders and of names that mean something to someone: the answers are those of
// an ordinary one, apart from the path.
func TestOutputsAnywhere(t *testing.T) {
	for _, format := range formats(places{}) {
		if format.Missing != "" || format.Scheme != "" {
			continue
		}
		t.Run(format.Name, func(t *testing.T) {
			want := newPlace(t, "ordinary", "fleet"+format.Suffixes[0]).answers(t)
			for _, odd := range oddPlaces {
				t.Run(odd.folder+" "+odd.output, func(t *testing.T) {
					t.Parallel()
					p := newPlace(t, odd.folder, odd.output+format.Suffixes[0])
					if err := format.Check(t.Context(), filepath.Join(p.root, p.output)); err != nil {
						p.isRefused(t, err)
						return
					}
					got := p.answers(t)
					for i := range want {
						if got[i] != want[i] {
							t.Errorf("not as in an ordinary folder:\n%s", cmp.Diff(want[i], got[i], cmp.AllowUnexported(said{})))
						}
					}
				})
			}
		})
	}
}

// place is where the commands are run, in root, and what they name.
type place struct{ root, inputs, output, page string }

func newPlace(t *testing.T, folder, output string) *place {
	t.Helper()
	p := &place{root: t.TempDir(), inputs: folder + "/in", output: folder + "/" + output, page: folder + "/page.html"}
	if err := os.MkdirAll(filepath.Join(p.root, p.inputs), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range placeInputs {
		copyTree(t, "../../testdata/archives/"+name, filepath.Join(p.root, p.inputs, name))
	}
	return p
}

var placeInputs = []string{"life-1.tar", "life-2.tar.gz", "life-3.tar.zst"}

// said is what a command said.
type said struct {
	command, out, err string
	code              int
}

// run runs a command; flags stand in front of --, so that no name is one.
func (p *place) run(t *testing.T, command string, flags []string, others ...string) (a said) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "ckexport", append(append(append([]string{command}, flags...), "--"), others...)...)
	var out, messages strings.Builder
	cmd.Dir, cmd.Stdout, cmd.Stderr = p.root, &out, &messages
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return said{p.plain(command + " " + strings.Join(flags, " ")), p.plain(out.String()), p.plain(messages.String()), cmd.ProcessState.ExitCode()}
}

// plain replaces the paths of a place.
func (p *place) plain(text string) string {
	replace := func(path, name string) {
		for _, path := range []string{filepath.Join(p.root, path), path} {
			text = strings.NewReplacer(quotedPath(path), name, plain.Printable(path), name, plain.Cell(path), name, path, name).Replace(text)
		}
	}
	replace(p.output, "OUT")
	replace(p.page, "PAGE")
	for _, name := range placeInputs {
		replace(p.inputs+"/"+name, name)
	}
	replace(p.inputs, "INPUTS")
	return text
}

// answers runs the commands.
func (p *place) answers(t *testing.T) []said {
	t.Helper()
	const rows = "SELECT checkpoint_id, pid, status, checkpointed_at, comm FROM processes JOIN checkpoints USING (checkpoint_id) ORDER BY ALL"
	export := []string{"-q", "--tables", "checkpoints,processes,environment,mounts,problems", "-o", p.output}
	csv := []string{"--format", "csv"}
	all := []said{
		p.run(t, "export", export, p.inputs+"/life-1.tar"),
		p.run(t, "export", export, p.inputs),
		p.run(t, "export", append(export, "--dry-run"), p.inputs),
		p.run(t, "query", csv, p.output, rows),
		p.run(t, "query", csv, p.output, "fleet"),
		p.run(t, "diff", nil, p.output, "life-1.tar", "life-2.tar.gz"),
		p.run(t, "report", []string{"-o", p.page}, p.output),
		p.readPage(t),
		p.verify(t),
		p.verify(t, "--against", p.inputs),
		p.run(t, "forget", []string{"--keep-last", "2", "--dry-run"}, p.output),
		p.run(t, "forget", []string{"--keep-last", "2"}, p.output),
		p.compact(t),
		p.verify(t, "--against", p.inputs),
		p.run(t, "query", csv, p.output, rows),
	}
	for _, a := range all {
		if a.code != exitOK {
			t.Errorf("%s: exit code %d\n%s", a.command, a.code, a.err)
		}
	}
	return all
}

// sizeAndTime are what verify says of an output that differs.
var sizeAndTime = regexp.MustCompile(`\d+\.\d \w+, checked in \d+\.\d+ s`)

func (p *place) verify(t *testing.T, flags ...string) said {
	t.Helper()
	a := p.run(t, "verify", flags, p.output)
	a.out = sizeAndTime.ReplaceAllString(a.out, "")
	return a
}

// compact says sizes, which differ.
func (p *place) compact(t *testing.T) said {
	t.Helper()
	a := p.run(t, "compact", nil, p.output)
	a.err = ""
	return a
}

// commandOnPage is a command that a report tells, onPage what it says of the
// output's path and of the time.
var (
	commandOnPage = regexp.MustCompile(`(?s)<code>(ckexport query [^<]*)</code>`)
	onPage        = regexp.MustCompile(`(?s)<title>Fleet report: .*?</title>|<code>[^<]*</code>, on [^,]* UTC`)
)

// readPage reads the report, and runs a command that it tells, as it stands.
func (p *place) readPage(t *testing.T) said {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(p.root, p.page))
	if err != nil {
		t.Error(err)
		return said{command: "page"}
	}
	page := onPage.ReplaceAllString(string(text), "")
	a := said{command: "page", out: commandOnPage.ReplaceAllString(page, "")}
	if command := commandOnPage.FindStringSubmatch(page); command == nil {
		t.Error("the page tells no command")
	} else if plain.Printable(p.output) == p.output { // else the page cannot show it
		shell(t, p.root, html.UnescapeString(command[1])+" >/dev/null")
	}
	return a
}

// isRefused checks that where there can be no output, a run says so, and leaves
// nothing.
func (p *place) isRefused(t *testing.T, reason error) {
	t.Helper()
	a := p.run(t, "export", []string{"-o", p.output}, p.inputs)
	left, err := os.ReadDir(filepath.Join(p.root, filepath.Dir(p.output)))
	if err != nil || len(left) != 1 {
		t.Errorf("the run left %v, %v", left, err)
	}
	var refused *sinks.RefusedError
	if !errors.As(reason, &refused) || a.code != exitUsage || !strings.Contains(a.err, refused.Reason) {
		t.Errorf("%v: exit code %d, %s", reason, a.code, a.err)
	}
}
