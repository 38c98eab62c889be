package decode

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/ckexport/ckexport/pipeline/criu"
	"github.com/ckexport/ckexport/schema"
)

// maxLine bounds one line of a log; a longer one is cut into several rows.
const maxLine = 64 << 10

// lineReaders are for eachLine: each archive has some logs.
var lineReaders = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, maxLine) }}

// eachLine calls f for every line without its end, until f returns false.
func eachLine(in io.Reader, f func(number uint32, line []byte) bool) error {
	r := lineReaders.Get().(*bufio.Reader)
	r.Reset(in)
	defer func() {
		r.Reset(nil)
		lineReaders.Put(r)
	}()
	for number := uint32(1); ; number++ {
		line, err := r.ReadSlice('\n')
		if len(line) > 0 && !f(number, bytes.TrimSuffix(line, []byte("\n"))) {
			return nil
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil && !errors.Is(err, bufio.ErrBufferFull):
			return err
		}
	}
}

// The forms of CRIU's log. Time is relative to the start; from 100 seconds on
// its last digits are cut. Source: CRIU criu/log.c.
var (
	logPID      = regexp.MustCompile(`^ *(\d+): `)
	logLocation = regexp.MustCompile(`^(Error|Warn ) \(([^():]+):(\d+)\): `)
	logProcess  = regexp.MustCompile(`^Process: (\d+)\((\d+)\)`)
	logVersion  = regexp.MustCompile(`^Version: (\S+)(?: \(gitid ([^)]*)\))?`)
	logKernel   = regexp.MustCompile(`^Running on (\S+) Linux (\S+) (.*) \S+$`)
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

// logLines makes the rows of a log: it may have many thousands, so what they
// point to is cut from blocks.
type logLines struct {
	name       string
	texts      criu.Texts
	messages   criu.Block[string]
	times      criu.Block[uint64]
	subsystems map[string]*string
}

// readCRIULog fills log_lines, up to the first line for which there is no room:
// of what follows it takes the facts.
func (c *container) readCRIULog(name string, in io.Reader) error {
	l := logLines{name: name, subsystems: map[string]*string{}}
	full := false
	return eachLine(in, func(number uint32, line []byte) bool {
		switch {
		case !full:
			full = !add(&c.notes, &c.logLines, l.row(number, line, &c.logFacts))
		case name != "dump.log":
			return false
		default:
			if message, ok := tellsFact(line); ok {
				c.logFacts.take(string(message))
			}
		}
		return true
	})
}

// takeLogLines fills log_lines, with the rows that were made while the logs
// passed by.
func (s *imageSet) takeLogLines() {
	if s.main {
		s.rows.LogLines = s.logLines
	}
}

// takeOutputLines fills container_log_lines likewise.
func (s *imageSet) takeOutputLines() {
	if s.main {
		s.rows.ContainerLogLines = s.outputLines
	}
}

// row makes the row of a line, and notes the facts it tells.
func (l *logLines) row(number uint32, line []byte, facts *criuFacts) schema.LogLine {
	row := schema.LogLine{LogName: l.name, LineNumber: number, Level: "unknown"}
	rest := l.texts.Of(line)
	if microseconds, behind, ok := cutTime(rest); ok {
		rest = behind
		row.Level, row.ElapsedUS = "info", l.times.Of(microseconds)
		if l.name == "restore.log" {
			if m := logPID.FindStringSubmatch(rest); m != nil {
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
		if l.name == "dump.log" {
			facts.take(rest)
		}
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
func cutTime(line string) (microseconds uint64, rest string, ok bool) {
	inner, found := strings.CutPrefix(line, "(")
	if !found {
		return 0, "", false
	}
	inner, rest, found = strings.Cut(inner, ")")
	if !found {
		return 0, "", false
	}
	seconds, fraction, found := strings.Cut(inner, ".")
	whole, isSeconds := digits(seconds)
	part, isFraction := digits(fraction)
	if !found || !isSeconds || !isFraction || len(seconds) > 10 || len(fraction) > 6 {
		return 0, "", false
	}
	for range 6 - len(fraction) {
		part *= 10
	}
	return whole*1_000_000 + part, strings.TrimPrefix(rest, " "), true
}

// digits reads a decimal number; ok is false where there are other characters,
// or none.
func digits(s string) (n uint64, ok bool) {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = 10*n + uint64(s[i]-'0')
	}
	return n, s != ""
}

// sourceLocation finds the place in CRIU's source that errors and warnings begin with.
func sourceLocation(line string) []string {
	if !strings.HasPrefix(line, "Error (") && !strings.HasPrefix(line, "Warn  (") {
		return nil
	}
	return logLocation.FindStringSubmatch(line)
}

// subsystem returns the part of CRIU that a message names before a colon, a
// letter and up to 15 more of letters, digits, blanks and _/-; nil if it names
// none.
func (l *logLines) subsystem(line string) *string {
	const longest = 16
	colon := strings.Index(line[:min(len(line), longest+2)], ": ")
	if colon <= 0 || line[0] < 'a' || line[0] > 'z' {
		return nil
	}
	name := line[:colon]
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

// tellsFact returns the message of a line of dump.log that may tell one of
// criuFacts.
func tellsFact(line []byte) (message []byte, ok bool) {
	const longestTime = 16
	end := bytes.IndexByte(line[:min(len(line), longestTime)], ')')
	if end < 0 {
		return nil, false
	}
	message = bytes.TrimPrefix(line[end+1:], []byte(" "))
	for _, beginning := range []string{"Version: ", "Running on ", "Process: ", dumpFinished} {
		if len(message) >= len(beginning) && string(message[:len(beginning)]) == beginning {
			return message, true
		}
	}
	return nil, false
}

// take notes the facts a line of dump.log tells.
func (f *criuFacts) take(line string) {
	switch {
	case strings.HasPrefix(line, "Version: ") && f.version == nil:
		if m := logVersion.FindStringSubmatch(line); m != nil {
			f.version, f.gitID = nonEmpty(m[1]), nonEmpty(m[2])
		}
	case strings.HasPrefix(line, "Running on ") && f.kernelRelease == nil:
		if m := logKernel.FindStringSubmatch(line); m != nil {
			f.nodename, f.kernelRelease, f.kernelVersion = nonEmpty(m[1]), nonEmpty(m[2]), nonEmpty(m[3])
		}
	case strings.HasPrefix(line, dumpFinished):
		f.finished = true
	case strings.HasPrefix(line, "Process: ") && len(f.hostPIDs) < mostHostPIDs:
		if m := logProcess.FindStringSubmatch(line); m != nil {
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

// readContainerLog fills container_log_lines. The CRI format, which Podman's
// k8s-file is too, begins with time, stream and tag; lines of other forms are
// kept whole.
func (c *container) readContainerLog(member string, in io.Reader) error {
	return eachLine(in, func(number uint32, line []byte) bool {
		if number > c.decoder.Limits.LogLines {
			c.problem(schema.Problem{Member: text(member), Severity: Warning, Code: LimitExceeded, TableName: ptr("container_log_lines"),
				Message: fmt.Sprintf("only the first %d lines were kept", c.decoder.Limits.LogLines)})
			return false
		}
		row := schema.ContainerLogLine{Member: plain(member), LineNumber: number}
		rest := string(line)
		if fields := strings.SplitN(rest, " ", 4); len(fields) >= 3 {
			at, err := time.Parse(time.RFC3339Nano, fields[0])
			tag, _, _ := strings.Cut(fields[2], ":") // more tags may follow a colon
			if err == nil && (fields[1] == "stdout" || fields[1] == "stderr") && (tag == "F" || tag == "P") {
				row.LoggedAt, row.Stream, row.Partial = when(at), &fields[1], ptr(tag == "P")
				rest = ""
				if len(fields) == 4 {
					rest = fields[3]
				}
			}
		}
		if number == 1 && row.LoggedAt == nil {
			c.otherLogs = append(c.otherLogs, member)
		}
		row.Message = text(rest)
		return add(&c.notes, &c.outputLines, row)
	})
}
