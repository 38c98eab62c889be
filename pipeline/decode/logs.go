package decode

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
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

// takeOutputLines fills container_log_lines, with the rows that were made while
// the logs passed by.
func (s *imageSet) takeOutputLines() {
	if s.main {
		s.rows.ContainerLogLines = s.outputLines
	}
}

// readContainerLog fills container_log_lines. The CRI format, which Podman's
// k8s-file is too, begins with time, stream and tag; lines of other forms are
// kept whole.
func (c *container) readContainerLog(member string, in io.Reader) error {
	scanned := c.newContentScan()
	in = io.TeeReader(in, scanned)
	err := c.readOutputLines(member, in)
	if c.scan != nil && err == nil { // of a long log not all lines are kept
		_, err = io.CopyBuffer(onlyWriter{io.Discard}, in, c.decoder.copyBuffer())
	}
	c.keepLogHits(member, scanned.end())
	return err
}

func (c *container) readOutputLines(member string, in io.Reader) error {
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
