package decode_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ckexport/ckexport/pipeline/decode"
	"github.com/ckexport/ckexport/pipeline/source"
	"github.com/ckexport/ckexport/schema"
)

// criuLogs decodes an archive with logs in place of its own, and returns its rows.
func criuLogs(t *testing.T, all bool, logs map[string]string) *schema.Rows {
	t.Helper()
	members := readTar(t, own("odd-env-argv.tar"))
	for _, name := range slices.Sorted(maps.Keys(logs)) {
		members = append(members, member(name, []byte(logs[name])))
	}
	d := decode.Decoder{Limits: decode.DefaultLimits(), AllLogLines: all}
	result, err := d.Decode(t.Context(), source.Path(writeFile(t, "a.tar", tarOf(t, members))))
	if err != nil {
		t.Fatal(err)
	}
	return result.Checkpoints[0]
}

// lineNumbers returns the numbers of the lines of a log that have rows.
func lineNumbers(rows *schema.Rows, log string) string {
	var numbers []string
	for _, l := range rows.LogLines {
		if l.LogName == log {
			numbers = append(numbers, fmt.Sprint(l.LineNumber))
		}
	}
	return strings.Join(numbers, " ")
}

func agree(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s: %s", what, diff)
	}
}

// TestCRIULogOutline: of CRIU's logs there are the lines that warn, fail or tell
// facts, what goes on from them, and what a program said that then failed.
func TestCRIULogOutline(t *testing.T) {
	logs := map[string]string{
		"dump.log": strings.Join([]string{
			"(00.000001) Version: 4.2 (gitid 0)",                     // 1: kept
			"(00.000002) Running on vm Linux 6.1 #1 SMP x86_64",      // 2: kept
			"(00.000003) cg: Dumping value b *:* m",                  // 3
			"c 1:5 rwm",                                              // 4: of 3
			"(00.000004) net: Running iptables",                      // 5
			"iptables: no such table",                                // 6: kept, of 7
			"(00.000005) Error (criu/net.c:7): net: iptables failed", // 7: kept
			"and so on", // 8: kept, of 7
			"(00.000006) Dumping task (pid: 41 comm: a)",                            // 9
			"pie: 1: Daemon waits for command",                                      // 10
			"pie: 1: Error (criu/pie/parasite.c:9): no",                             // 11: kept
			"(00.000007) Warn  (criu/cr-dump.c:1): Will restore 1 with interrupted", // 12: kept
			"(00.000008) Dumping task (pid: 42)",                                    // 13
			"(00.000010) (criu/x.c:1) Error (no error",                              // 14
			"(00.000011) Process: 1(41)",                                            // 15: kept
			"(00.000012) Writing stats",                                             // 16
			"(00.000013) Dumping finished successfully",                             // 17: kept
		}, "\n"),
		"restore.log": strings.Join([]string{
			"no line of CRIU's", // 1: kept
			"(00.000001)      7: Restoring namespaces 7 flags 0x1",      // 2
			"(00.000002)      7: Error (criu/cr-restore.c:3): it fails", // 3: kept
			"(00.000003) pie: 8: Error (criu/pie/restorer.c:4): it too", // 4: kept
		}, "\n"),
	}
	rows := criuLogs(t, false, logs)
	equal(t, "dump.log", lineNumbers(rows, "dump.log"), "1 2 6 7 8 11 12 15 17")
	equal(t, "restore.log", lineNumbers(rows, "restore.log"), "1 3 4")
	equal(t, "version", deref(rows.Checkpoints[0].CRIUVersion), "4.2")
	equal(t, "pid on the host", value(rows.Processes[0].HostPID), 41)

	all := criuLogs(t, true, logs)
	equal(t, "all lines", len(all.LogLines), 21)
	kept := slices.DeleteFunc(slices.Clone(all.LogLines), func(l schema.LogLine) bool {
		return !slices.ContainsFunc(rows.LogLines, func(k schema.LogLine) bool { return k.LogName == l.LogName && k.LineNumber == l.LineNumber })
	})
	agree(t, "lines that are kept", rows.LogLines, kept)

	var outline []string
	for _, p := range rows.LogPhases {
		outline = append(outline, fmt.Sprintf("%s %d %s pid %d: line %d, %d lines, %d to %d", p.LogName, p.Position, p.Phase, value(p.HostPID), p.FirstLine, p.LineCount,
			value(p.StartedUS), value(p.FinishedUS)))
	}
	agree(t, "phases", outline, []string{
		"dump.log 0 start pid 0: line 1, 8 lines, 1 to 5",
		"dump.log 1 Dumping task pid 41: line 9, 4 lines, 6 to 7",
		"dump.log 2 Dumping task pid 42: line 13, 3 lines, 8 to 11",
		"dump.log 3 Writing stats pid 0: line 16, 2 lines, 12 to 13",
		"restore.log 0 start pid 0: line 1, 1 lines, 0 to 0",
		"restore.log 1 Restoring namespaces pid 0: line 2, 3 lines, 1 to 3",
	})
	agree(t, "phases where all lines are kept", all.LogPhases, rows.LogPhases)
}

// TestEndlessCRIULog: of a log that is longer than any dump's the first lines are
// looked at, which is told; facts are taken from all of it.
func TestEndlessCRIULog(t *testing.T) {
	const most = 4 << 20
	lines := "(00.000001) x\n" + strings.Repeat("y\n", most) + "(00.000002) Error (criu/x.c:1): z\n(00.000003) Version: 4.2 (gitid v4)\n(00.000004) Dumping finished successfully\n"
	rows := criuLogs(t, false, map[string]string{"dump.log": lines})
	agree(t, "kept", lineNumbers(rows, "dump.log"), "")
	agree(t, "version", *rows.Checkpoints[0].CRIUVersion, "4.2")
	agree(t, "lines", rows.LogPhases[0].LineCount, uint32(most+4))
	var told []string
	for _, p := range rows.Problems {
		if p.Code == decode.LimitExceeded {
			told = append(told, p.Message)
		}
	}
	agree(t, "told", told, []string{"dump.log has more than 4194304 lines; those behind them were not looked at"})
}
