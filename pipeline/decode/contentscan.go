package decode

import (
	"fmt"

	"github.com/ckexport/ckexport/pipeline/memory"
	"github.com/ckexport/ckexport/pipeline/scan"
	"github.com/ckexport/ckexport/pipeline/yara"
)

// scannedTables are the tables whose content is scanned with rules where it is
// decoded, or while it passes by.
var scannedTables = list("filesystem_entries", "ghost_files", "container_log_lines", "pipe_buffers", "socket_queues", "tcp_streams", "ttys", "ipc_objects", "bpf_maps")

// contentMatches are the hits of rules in a content that is no memory.
type contentMatches struct {
	origin     string
	table, key string // of the row that has the content
	file       int    // position among the captured files
	ghost      uint32
	member     string // of a log
	hits       []yara.Hit
}

// newScan makes the consumer that scans memory with rules.
func (s *imageSet) newScan() memory.Consumer {
	s.scanned = s.scan.Memory()
	return s.scanned
}

// contentScan scans what is written to it, if there are rules.
type contentScan struct{ content *scan.Content }

func (ar *archiveReader) newContentScan() contentScan {
	if ar.scan == nil {
		return contentScan{}
	}
	return contentScan{ar.scan.Content()}
}

// Write never fails.
func (c contentScan) Write(b []byte) (int, error) {
	if c.content == nil {
		return len(b), nil
	}
	return c.content.Write(b)
}

func (c contentScan) end() []yara.Hit {
	if c.content == nil {
		return nil
	}
	return c.content.End()
}

// keepFileHits keeps the hits in a captured file, by its position among these.
func (c *container) keepFileHits(file int, hits []yara.Hit) {
	if len(hits) > 0 {
		c.fileMatches = append(c.fileMatches, contentMatches{origin: "file", table: "filesystem_entries", file: file, hits: hits})
	}
}

// keepLogHits keeps the hits in a container's log.
func (c *container) keepLogHits(member string, hits []yara.Hit) {
	if len(hits) > 0 {
		c.fileMatches = append(c.fileMatches, contentMatches{origin: "container_log", table: "container_log_lines", key: "member=" + plain(member), member: member, hits: hits})
	}
}

// keepHits keeps the hits in what belongs to an image set.
func (s *imageSet) keepHits(m contentMatches) {
	if len(m.hits) > 0 {
		s.matches = append(s.matches, m)
	}
}

// showPayload shows a payload of a row to the rules, and to CopyPayload.
func (s *imageSet) showPayload(table, key string, content []byte) {
	if len(content) == 0 {
		return
	}
	if s.scan != nil {
		s.keepHits(contentMatches{origin: "payload", table: table, key: key, hits: s.scan.Bytes(content)})
	}
	if s.decoder.CopyPayload != nil {
		s.payloads = append(s.payloads, s.decoder.CopyPayload(table, key, content))
	}
}

// noteScan notes what was left out of scans since it was last called.
func (s *imageSet) noteScan() {
	const table = "memory_matches"
	a := s.scan
	for _, rule := range a.Spent() {
		s.rowProblem(table, fmt.Sprintf("namespace=%s,rule=%s", plain(rule.Namespace), rule.Name), Warning, LimitExceeded,
			fmt.Sprintf("the rule has more than %d hits in the archive; the others were not kept", scan.MaxHits))
	}
	if a.Skipped {
		s.rowProblem(table, "", Warning, LimitExceeded, fmt.Sprintf("a string of a rule matched more than %d times in one content; its further matches were not looked for", yara.MaxMatches))
	}
	if a.Full {
		s.passedIn(s.decoder.Limits.memory(), table, "the archive takes more memory; not all was scanned")
	}
	if a.Err != nil {
		s.rowProblem(table, "", Error, Internal, fmt.Sprintf("scanning ended: %v", a.Err))
	}
}
