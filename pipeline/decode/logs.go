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
	logPID     = regexp.MustCompile(`^ *(\d+): `)
	logPlace   = regexp.MustCompile(`^(Error|Warn ) \(([^():]+):(\d+)\): `)
	logProcess = regexp.MustCompile(`^Process: (\d+)\((\d+)\)`)
	logVersion = regexp.MustCompile(`^Version: (\S+)(?: \(gitid ([^)]*)\))?`)
	logKernel  = regexp.MustCompile(`^Running on (\S+) Linux (\S+) (.*) \S+$`)
)

// criuFacts are facts that only CRIU's log tells.
type criuFacts struct {
	version, gitID, nodename, kernelRelease, kernelVersion *string
	hostPIDs                                               map[uint32]int32
}

// readCRIULog fills log_lines.
func (r *reading) readCRIULog(name string, in io.Reader) error {
	return eachLine(in, func(number uint32, line []byte) bool {
		if isFull(&r.notes, &r.logLines) {
			return false
		}
		row := schema.LogLine{LogName: name, LineNumber: number, Level: "unknown"}
		rest := string(line)
		if seconds, fraction, behind, ok := cutTime(rest); ok {
			rest = behind
			row.Level, row.ElapsedUS = "info", elapsed(seconds, fraction)
			if name == "restore.log" {
				if m := logPID.FindStringSubmatch(rest); m != nil {
					if pid, err := strconv.ParseInt(m[1], 10, 32); err == nil {
						row.PID, rest = ptr(int32(pid)), rest[len(m[0]):]
					}
				}
			}
			if m := placeOf(rest); m != nil {
				rest = rest[len(m[0]):]
				row.Level = strings.TrimSpace(strings.ToLower(m[1]))
				row.SourceFile = ptr(plain(m[2]))
				if n, err := strconv.ParseUint(m[3], 10, 32); err == nil {
					row.SourceLine = ptr(uint32(n))
				}
			}
			if system := subsystem(rest); system != "" {
				row.Subsystem = &system
			}
			if name == "dump.log" {
				r.facts.take(rest)
			}
		}
		row.Message = text(rest)
		add(&r.notes, &r.logLines, row)
		return true
	})
}

// cutTime takes the time from the start of a line, such as "(00.012345) ".
func cutTime(line string) (seconds, fraction, rest string, ok bool) {
	inner, found := strings.CutPrefix(line, "(")
	if !found {
		return "", "", "", false
	}
	inner, rest, found = strings.Cut(inner, ")")
	if !found {
		return "", "", "", false
	}
	seconds, fraction, found = strings.Cut(inner, ".")
	if !found || !isDigits(seconds) || !isDigits(fraction) || len(fraction) > 6 {
		return "", "", "", false
	}
	return seconds, fraction, strings.TrimPrefix(rest, " "), true
}

func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// placeOf finds the place in CRIU's source that errors and warnings begin with.
func placeOf(line string) []string {
	if !strings.HasPrefix(line, "Error (") && !strings.HasPrefix(line, "Warn  (") {
		return nil
	}
	return logPlace.FindStringSubmatch(line)
}

// subsystem returns the part of CRIU that a message names before a colon, a
// letter and up to 15 more of letters, digits, blanks and _/-; empty if it
// names none.
func subsystem(line string) string {
	const longest = 16
	colon := strings.Index(line[:min(len(line), longest+2)], ": ")
	if colon <= 0 || line[0] < 'a' || line[0] > 'z' {
		return ""
	}
	name := line[:colon]
	for i := range len(name) {
		if c := name[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && !strings.ContainsRune(" _/-", rune(c)) {
			return ""
		}
	}
	return name
}

// elapsed returns microseconds; digits that were cut off count as 0.
func elapsed(seconds, fraction string) *uint64 {
	sec, err := strconv.ParseUint(seconds, 10, 32)
	if err != nil {
		return nil
	}
	usec, err := strconv.ParseUint((fraction + "000000")[:6], 10, 32)
	if err != nil {
		return nil
	}
	return ptr(sec*1_000_000 + usec)
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
	case strings.HasPrefix(line, "Process: "):
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
func (r *reading) readContainerLog(member string, in io.Reader) error {
	return eachLine(in, func(number uint32, line []byte) bool {
		if number > r.decoder.Limits.LogLines {
			r.problem(schema.Problem{Member: text(member), Severity: Warning, Code: LimitExceeded, TableName: ptr("container_log_lines"),
				Message: fmt.Sprintf("only the first %d lines were kept", r.decoder.Limits.LogLines)})
			return false
		}
		if isFull(&r.notes, &r.outputLines) {
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
		row.Message = text(rest)
		add(&r.notes, &r.outputLines, row)
		return true
	})
}
