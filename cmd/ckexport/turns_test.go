//go:build linux && amd64

package main

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"
)

// TestTurns starts runs on an output while another one writes to it: one that
// does not wait, which is refused, and some that do, which add what is new when
// it is their turn.
func TestTurns(t *testing.T) {
	for _, s := range []scenario{scenarios[0], scenarios[2], scenarios[4]} {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			tr := s.prepare(t)
			dir := tr.fresh(t)
			var waiting []*exec.Cmd
			said := make([]bytes.Buffer, len(tr.inputs)*2)
			begin := func(input string, out *bytes.Buffer) {
				cmd := exec.CommandContext(t.Context(), "ckexport", append(tr.args([]string{input}), "--lock-timeout", "10m")...)
				cmd.Dir, cmd.Stdout, cmd.Stderr = dir, out, out
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				waiting = append(waiting, cmd)
			}
			asked := false
			first := supervised{args: tr.args(tr.inputs[:1]), dir: dir, within: dir, decide: func(_ int, c call) answer {
				if strings.HasPrefix(c.name, "mkdir") && !asked { // it has the output
					asked = true
					out, code := tr.complete(t, dir, tr.inputs)
					if code != exitUsage || !strings.Contains(out, "another run is writing to it") {
						t.Errorf("a run that does not wait: exit code %d\n%s", code, out)
					}
					for i := range said { // each input twice
						begin(tr.inputs[i%len(tr.inputs)], &said[i])
					}
				}
				return answer{}
			}}.run(t)
			if first.code != exitOK || !asked {
				t.Errorf("exit code %d, asked %v\n%s", first.code, asked, first.stderr)
			}
			for i, cmd := range waiting {
				if err := cmd.Wait(); err != nil {
					t.Errorf("a run that waits: %v\n%s", err, said[i].String())
				}
			}
			if !tr.isBeforeOrAfter(t, dir) {
				t.Error("not all is in the output")
			}
			tr.onlyOutput(t, dir)
		})
	}
}
