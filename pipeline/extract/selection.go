package extract

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/ckexport/ckexport/pipeline/memory"
	"github.com/ckexport/ckexport/schema"
)

// Selection says what is wanted of each checkpoint.
type Selection struct {
	Files    []Glob
	Memory   []Region
	Cores    []Processes
	Payloads []Payload
	Logs     bool // of the container, and of CRIU
	Images   bool // CRIU's images as they stand
}

// IsEmpty reports whether nothing is wanted.
func (s *Selection) IsEmpty() bool { return len(s.names()) == 0 }

// names names the selectors as the flags of the command do.
func (s *Selection) names() (names []string) {
	for _, f := range s.Files {
		names = append(names, f.selector())
	}
	for _, m := range s.Memory {
		names = append(names, m.selector())
	}
	for _, c := range s.Cores {
		names = append(names, c.selector())
	}
	for _, p := range s.Payloads {
		names = append(names, p.selector())
	}
	if s.Logs {
		names = append(names, logsSelector)
	}
	if s.Images {
		names = append(names, imagesSelector)
	}
	return names
}

const logsSelector, imagesSelector = "--log", "--images"

// wantsMemory reports whether the memory of processes is wanted.
func (s *Selection) wantsMemory() bool { return len(s.Memory)+len(s.Cores) > 0 }

// wantsPages reports whether pages are: also for memfds, which are files.
func (s *Selection) wantsPages() bool {
	return s.wantsMemory() || slices.ContainsFunc(s.Files, Glob.mayMatchMemfd)
}

// tables returns the tables whose rows tell what was found is.
func (s *Selection) tables() []*schema.Table {
	names := []string{"checkpoints"}
	if len(s.Files) > 0 {
		names = append(names, "filesystem_entries", "ghost_files")
	}
	if s.wantsPages() {
		names = append(names, "memory_mappings", "pagemaps", "shared_memory")
	}
	if s.wantsMemory() {
		names = append(names, "processes")
	}
	if len(s.Cores) > 0 {
		names = append(names, "threads", "registers", "auxiliary_vectors", "pending_signals")
	}
	for _, p := range s.Payloads {
		names = append(names, payloadTables[p]...)
	}
	var tables []*schema.Table
	for _, name := range names {
		if t, ok := schema.Lookup(name); ok && !slices.Contains(tables, t) {
			tables = append(tables, t)
		}
	}
	return tables
}

// Processes is one process, or all of a checkpoint.
type Processes struct {
	PID uint32
	All bool
}

// ParseProcesses reads a pid, or all.
func ParseProcesses(text string) (Processes, error) {
	if text == "all" {
		return Processes{All: true}, nil
	}
	pid, err := strconv.ParseUint(text, 10, 32)
	if err != nil || pid == 0 {
		return Processes{}, fmt.Errorf("%q: want a pid in the container, or all", text)
	}
	return Processes{PID: uint32(pid)}, nil
}

func (p Processes) has(pid uint32) bool { return p.All || p.PID == pid }

func (p Processes) String() string {
	if p.All {
		return "all"
	}
	return strconv.FormatUint(uint64(p.PID), 10)
}

func (p Processes) selector() string { return "--core " + p.String() }

// Region is a range of the memory of processes.
type Region struct {
	Of    Processes
	Range memory.Range
}

// ParseRegion reads PID or PID:FROM-TO, in hexadecimal.
func ParseRegion(text string) (Region, error) {
	who, where, isRange := strings.Cut(text, ":")
	of, err := ParseProcesses(who)
	if err != nil {
		return Region{}, err
	}
	r := Region{of, memory.Everything}
	if !isRange {
		return r, nil
	}
	from, to, _ := strings.Cut(where, "-")
	if r.Range.Start, err = parseAddress(from); err == nil {
		r.Range.End, err = parseAddress(to)
	}
	if err != nil || r.Range.Start >= r.Range.End {
		return Region{}, fmt.Errorf("%q: want PID:FROM-TO with hexadecimal addresses as in /proc/PID/maps, such as 1:7f0000001000-7f0000003000", text)
	}
	return r, nil
}

func parseAddress(text string) (uint64, error) {
	return strconv.ParseUint(strings.TrimPrefix(text, "0x"), 16, 64)
}

func (r Region) selector() string {
	if r.Range == memory.Everything {
		return "--memory " + r.Of.String()
	}
	return fmt.Sprintf("--memory %s:%x-%x", r.Of, r.Range.Start, r.Range.End)
}
