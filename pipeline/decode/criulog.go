package decode

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/ckexport/ckexport/lazyregexp"
	"github.com/ckexport/ckexport/pipeline/criu"
	"github.com/ckexport/ckexport/schema"
)

// The forms of CRIU's log. Time is relative to the start; from 100 seconds on
// its last digits are cut. Source: CRIU criu/log.c.
var (
	logPID      = lazyregexp.New(`^ *(\d+): `)
	logLocation = lazyregexp.New(`^(Error|Warn ) \(([^():]+):(\d+)\): `)
	logProcess  = lazyregexp.New(`^Process: (\d+)\((\d+)\)`)
	logVersion  = lazyregexp.New(`^Version: (\S+)(?: \(gitid ([^)]*)\))?`)
	logKernel   = lazyregexp.New(`^Running on (\S+) Linux (\S+) (.*) \S+$`)
)

const (
	dumpLog    = "dump.log"
	restoreLog = "restore.log"
)

// mostHostPIDs is how many processes the log may tell of: far more than a
// container has.
const mostHostPIDs = 1 << 20

// dumpFinished begins the last line of the log of a dump that went well.
const dumpFinished = "Dumping finished successfully"

// criuFacts are facts that only CRIU's log tells.
type criuFacts struct {
	version, gitID, nodename, kernelRelease, kernelVersion *string
	hostPIDs                                               map[uint32]int32
	finished                                               bool
}

// criuLog reads one log of CRIU. It has some thousand lines, and nearly all say
// what went well: what a line is, its first bytes tell, and only lines that are
// kept become texts and rows.
type criuLog struct {
	*container
	name   string
	isKept bool       // of the last line that did not go on from another
	isFull bool       // there was no room for a line: none comes after it
	held   []heldLine // what goes on from it, where it is not kept
	phases logPhases

	texts      criu.Texts
	messages   criu.Block[string]
	times      criu.Block[uint64]
	subsystems map[string]*string
}

// heldLine is a line that is kept if the next one with a time is.
type heldLine struct {
	number uint32
	line   []byte
}

const (
	// maxHeld bounds the lines that are held.
	maxHeld = 16
	// maxLogLines is how many lines are looked at: a dump of thousands of
	// processes has fewer. Of those behind them only facts are taken.
	maxLogLines = 4 << 20
)

// readCRIULog fills log_lines and log_phases.
func (c *container) readCRIULog(name string, in io.Reader) error {
	// A log that does not begin as CRIU's do is kept until it does.
	l := criuLog{container: c, name: name, isKept: true, subsystems: map[string]*string{}, phases: logPhases{container: c, name: name}}
	err := eachLine(in, func(number uint32, line []byte) bool {
		if number <= maxLogLines {
			l.take(number, line)
		} else {
			l.passOver(number, line)
		}
		return true
	})
	l.phases.end()
	return err
}

// takeLogLines fills log_lines and log_phases, with the rows that were made
// while the logs passed by.
func (s *imageSet) takeLogLines() {
	if s.main {
		s.rows.LogLines, s.rows.LogPhases = s.logLines, s.logPhases
	}
}

// take notes what a line tells, and keeps it if it is to be kept. A line without
// a time goes on from the one above, and is kept with it; or it is what a program
// that CRIU ran had to say, and then CRIU's own line on that follows.
func (l *criuLog) take(number uint32, line []byte) {
	elapsed, message, isTimed := cutTime(line)
	message, isProcess := l.cutProcess(message)
	l.phases.line(number, elapsed, isTimed, message)
	isFact := isTimed && l.name == dumpLog && tellsFact(message)
	if isFact {
		l.logFacts.take(string(message))
	}
	switch {
	case l.decoder.AllLogLines:
	case isTimed || isProcess:
		l.isKept = isFact || isProblem(message)
		if l.isKept {
			l.keepHeld()
		}
		l.held = l.held[:0]
	case !l.isKept:
		l.hold(number, line)
	}
	if l.isKept || l.decoder.AllLogLines {
		l.keep(number, line)
	}
}

// passOver takes the facts of a line behind the last one that is looked at.
func (l *criuLog) passOver(number uint32, line []byte) {
	if number == maxLogLines+1 {
		l.problem(schema.Problem{TableName: ptr("log_lines"), Severity: Error, Code: LimitExceeded,
			Message: fmt.Sprintf("%s has more than %d lines; those behind them were not looked at", l.name, maxLogLines)})
	}
	l.phases.current.LineCount++
	const longestTime = 16
	if end := bytes.IndexByte(line[:min(len(line), longestTime)], ')'); end >= 0 && l.name == dumpLog {
		if message := bytes.TrimPrefix(line[end+1:], []byte(" ")); tellsFact(message) {
			l.logFacts.take(string(message))
		}
	}
}

// hold remembers a line, and the last ones before it.
func (l *criuLog) hold(number uint32, line []byte) {
	if len(l.held) < maxHeld {
		l.held = append(l.held, heldLine{})
	} else {
		copy(l.held, l.held[1:])
	}
	l.held[len(l.held)-1] = heldLine{number, bytes.Clone(line)}
}

func (l *criuLog) keepHeld() {
	for _, h := range l.held {
		l.keep(h.number, h.line)
	}
}

// keep adds the row of a line.
func (l *criuLog) keep(number uint32, line []byte) {
	if !l.isFull {
		l.isFull = !add(&l.notes, &l.logLines, l.row(number, line))
	}
}

// row makes the row of a line.
func (l *criuLog) row(number uint32, line []byte) schema.LogLine {
	row := schema.LogLine{LogName: l.name, LineNumber: number, Level: "unknown"}
	microseconds, behind, isTimed := cutTime(line)
	rest := l.texts.Of(behind)
	if isTimed {
		row.Level, row.ElapsedUS = "info", l.times.Of(microseconds)
		if l.name == restoreLog {
			if m := logPID().FindStringSubmatch(rest); m != nil {
				if pid, err := strconv.ParseInt(m[1], 10, 32); err == nil {
					row.PID, rest = ptr(int32(pid)), rest[len(m[0]):]
				}
			}
		}
		if m := sourceLocation(rest); m != nil {
			rest = rest[len(m[0]):]
			row.Level = strings.TrimSpace(strings.ToLower(m[1]))
			row.SourceFile = ptr(plain(m[2]))
			if n, err := strconv.ParseUint(m[3], 10, 32); err == nil {
				row.SourceLine = ptr(uint32(n))
			}
		}
		row.Subsystem = l.subsystem(rest)
	}
	if isExact(rest) {
		row.Message.Text = l.messages.Of(rest)
	} else {
		row.Message = text(rest)
	}
	return row
}

// cutTime takes the time from the start of a line, such as "(00.012345) ". It is
// in microseconds; digits that were cut off count as 0.
func cutTime(line []byte) (microseconds uint64, rest []byte, ok bool) {
	const longest = len("(4294967295.999999)")
	end := bytes.IndexByte(line[:min(len(line), longest)], ')')
	if end < 0 || line[0] != '(' {
		return 0, line, false
	}
	seconds, fraction, found := bytes.Cut(line[1:end], []byte("."))
	whole, isSeconds := digits(seconds)
	part, isFraction := digits(fraction)
	if !found || !isSeconds || !isFraction || len(seconds) > 10 || len(fraction) > 6 {
		return 0, line, false
	}
	for range 6 - len(fraction) {
		part *= 10
	}
	return whole*1_000_000 + part, bytes.TrimPrefix(line[end+1:], []byte(" ")), true
}

// digits reads a decimal number; ok is false where there are other characters,
// or none.
func digits(s []byte) (n uint64, ok bool) {
	for _, c := range s {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = 10*n + uint64(c-'0')
	}
	return n, len(s) > 0
}

// cutProcess takes from the start of a message the process that logged it: "pie: 7: "
// of code that CRIU put into a process, which has no time where it dumps, and
// "   7: " of those that are being restored.
func (l *criuLog) cutProcess(message []byte) (rest []byte, isProcess bool) {
	rest, isPie := bytes.CutPrefix(message, []byte("pie: "))
	if !isPie && l.name != restoreLog {
		return message, false
	}
	const longest = len("2147483647: ")
	colon := bytes.Index(rest[:min(len(rest), longest)], []byte(": "))
	if colon < 0 {
		return rest, isPie
	}
	if _, isNumber := digits(bytes.TrimLeft(rest[:colon], " ")); !isNumber {
		return rest, isPie
	}
	return rest[colon+2:], true
}

// isProblem reports whether a message begins as errors and warnings do.
func isProblem(message []byte) bool {
	return startsWith(message, "Error (") || startsWith(message, "Warn  (")
}

// startsWith is bytes.HasPrefix for a text that is not empty, whose first byte
// mostly decides: each line is compared with many.
func startsWith(message []byte, prefix string) bool {
	return len(message) >= len(prefix) && message[0] == prefix[0] && string(message[:len(prefix)]) == prefix
}

// sourceLocation finds the place in CRIU's source that errors and warnings begin with.
func sourceLocation(message string) []string {
	if !strings.HasPrefix(message, "Error (") && !strings.HasPrefix(message, "Warn  (") {
		return nil
	}
	return logLocation().FindStringSubmatch(message)
}

// subsystem returns the part of CRIU that a message names before a colon, a
// letter and up to 15 more of letters, digits, blanks and _/-; nil if it names
// none.
func (l *criuLog) subsystem(message string) *string {
	const longest = 16
	colon := strings.Index(message[:min(len(message), longest+2)], ": ")
	if colon <= 0 || message[0] < 'a' || message[0] > 'z' {
		return nil
	}
	name := message[:colon]
	for i := range len(name) {
		if c := name[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && strings.IndexByte(" _/-", c) < 0 {
			return nil
		}
	}
	known := l.subsystems[name]
	if known == nil {
		known = &name
		l.subsystems[name] = known
	}
	return known
}

// tellsFact reports whether a message of dump.log may tell one of criuFacts.
func tellsFact(message []byte) bool {
	return startsWith(message, "Version: ") || startsWith(message, "Running on ") || startsWith(message, "Process: ") || startsWith(message, dumpFinished)
}

// take notes the facts a message of dump.log tells.
func (f *criuFacts) take(line string) {
	switch {
	case strings.HasPrefix(line, "Version: ") && f.version == nil:
		if m := logVersion().FindStringSubmatch(line); m != nil {
			f.version, f.gitID = nonEmpty(m[1]), nonEmpty(m[2])
		}
	case strings.HasPrefix(line, "Running on ") && f.kernelRelease == nil:
		if m := logKernel().FindStringSubmatch(line); m != nil {
			f.nodename, f.kernelRelease, f.kernelVersion = nonEmpty(m[1]), nonEmpty(m[2]), nonEmpty(m[3])
		}
	case strings.HasPrefix(line, dumpFinished):
		f.finished = true
	case strings.HasPrefix(line, "Process: ") && len(f.hostPIDs) < mostHostPIDs:
		if m := logProcess().FindStringSubmatch(line); m != nil {
			pid, err1 := strconv.ParseUint(m[1], 10, 32)
			host, err2 := strconv.ParseInt(m[2], 10, 32)
			if err1 == nil && err2 == nil {
				if f.hostPIDs == nil {
					f.hostPIDs = map[uint32]int32{}
				}
				f.hostPIDs[uint32(pid)] = int32(host)
			}
		}
	}
}
