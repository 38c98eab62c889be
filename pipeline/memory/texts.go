package memory

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"

	"github.com/ckexport/ckexport/pipeline/criu"
)

// Status says what became of a text, as processes.cmdline_status does.
type Status string

// Statuses of a text.
const (
	StatusOK           Status = "ok"
	StatusEmpty        Status = "empty"
	StatusMissing      Status = "missing"      // in memory that is not there
	StatusUnmapped     Status = "unmapped"     // in no memory that a checkpoint keeps
	StatusInconsistent Status = "inconsistent" // its bounds make no sense
	StatusTooLong      Status = "too_long"
)

// Texts is the consumer of the texts of processes: arguments, environment, and
// what values of the auxiliary vector point to.
type Texts struct {
	maxBytes uint64
	take     func(bytes int64) bool
	of       map[*Space]*ProcessTexts
}

// NewTexts returns a consumer of texts that are no longer than a number of
// bytes each; take is asked for the memory of each.
func NewTexts(maxBytes uint64, take func(bytes int64) bool) *Texts {
	return &Texts{maxBytes: maxBytes, take: take, of: map[*Space]*ProcessTexts{}}
}

// ProcessTexts are the texts of a process.
type ProcessTexts struct {
	Args, Env Text
	// Lost is set if something of them is in pages that the checkpoint has
	// itself, but not in its pages image: page map and image do not belong
	// together, or the image is damaged. Then no text counts.
	Lost bool

	auxiliary []Text
	space     *Space
}

// Text is a range of a process's memory.
type Text struct {
	Data   []byte // only if ok
	Status Status

	address        uint64
	own, inherited uint64 // bytes that are still to come
}

// MaxAuxiliary bounds the values of an auxiliary vector; kernels give about 20.
const MaxAuxiliary = 256

// maxAuxiliaryText bounds a text of the auxiliary vector: PATH_MAX.
const maxAuxiliaryText = 4096

// IsAuxiliaryText reports whether values of a type are addresses of texts.
func IsAuxiliaryText(kind uint64) bool {
	return kind == criu.AuxPlatform || kind == criu.AuxBasePlatform || kind == criu.AuxExecFn
}

// Wants implements Consumer.
func (t *Texts) Wants(s *Space) []Range {
	if s.descriptor == nil {
		return nil
	}
	p := &ProcessTexts{space: s}
	t.of[s] = p
	p.Args = t.text(s, Range{s.descriptor.GetMmArgStart(), s.descriptor.GetMmArgEnd()})
	p.Env = t.text(s, Range{s.descriptor.GetMmEnvStart(), s.descriptor.GetMmEnvEnd()})
	auxv := s.descriptor.GetMmSavedAuxv()
	for i := 0; i+1 < min(len(auxv), 2*MaxAuxiliary) && auxv[i] != 0 && len(p.auxiliary) < 3; i += 2 {
		if !IsAuxiliaryText(auxv[i]) {
			continue
		}
		if r, ok := s.pagesAt(auxv[i+1]); ok {
			r.End = min(r.End, r.Start+maxAuxiliaryText)
			p.auxiliary = append(p.auxiliary, t.text(s, r))
		}
	}
	var ranges []Range
	for text := range p.all {
		if text.own+text.inherited > 0 {
			ranges = append(ranges, Range{text.address, text.address + uint64(len(text.Data))})
		}
	}
	return ranges
}

// pagesAt returns what the page map has from an address on without a gap;
// false if it has nothing there.
func (s *Space) pagesAt(address uint64) (Range, bool) {
	s.pagemap.Index(s.PageSize())
	for part := range s.pagemap.Within(address, address+1) {
		return Range{address, part.Run.Address + part.Run.Pages*s.PageSize()}, true
	}
	return Range{}, false
}

// text settles what is to be read of a range. Holes of anonymous mappings are
// zeros; what is neither these nor in a checkpoint makes the text unavailable.
func (t *Texts) text(s *Space, r Range) Text {
	switch {
	case r.End < r.Start:
		return Text{Status: StatusInconsistent}
	case r.End == r.Start:
		return Text{Status: StatusEmpty}
	case r.Size() > t.maxBytes:
		return Text{Status: StatusTooLong}
	case !t.take(2 * int64(r.Size())):
		return Text{Status: StatusMissing}
	}
	text := Text{Status: StatusOK, address: r.Start}
	for e := range s.Extents(r) {
		switch e.Where {
		case Present:
			text.own += e.Size()
		case Parent:
			text.inherited += e.Size()
		case Lazy:
			return Text{Status: StatusMissing}
		case Absent:
			return Text{Status: StatusUnmapped}
		case Invalid:
			return Text{Status: StatusInconsistent}
		}
	}
	text.Data = make([]byte, r.Size())
	return text
}

// Pages implements Consumer.
func (t *Texts) Pages(b Block) {
	for text := range t.of[b.Space].all {
		start, end := max(text.address, b.Address), min(text.address+uint64(len(text.Data)), b.Address+uint64(len(b.Data)))
		if start >= end {
			continue
		}
		copy(text.Data[start-text.address:], b.Data[start-b.Address:end-b.Address])
		if b.Inherited {
			text.inherited -= end - start
		} else {
			text.own -= end - start
		}
	}
}

// all yields the texts of the process.
func (p *ProcessTexts) all(yield func(*Text) bool) {
	if !yield(&p.Args) || !yield(&p.Env) {
		return
	}
	for i := range p.auxiliary {
		if !yield(&p.auxiliary[i]) {
			return
		}
	}
}

// Of returns the texts of a process, once all pages have passed by.
func (t *Texts) Of(s *Space) *ProcessTexts {
	if s.pagemap != nil {
		s.ask() // if its pages image is not there, nothing did
	}
	p := t.of[s]
	if p == nil {
		return &ProcessTexts{Args: Text{Status: StatusMissing}, Env: Text{Status: StatusMissing}}
	}
	p.Lost = p.Lost || s.Unread
	for text := range p.all {
		p.Lost = p.Lost || text.own > 0
	}
	for text := range p.all {
		if p.Lost || text.inherited > 0 {
			*text = Text{Status: StatusMissing}
		}
	}
	return p
}

// Digest returns the SHA-256, in hexadecimal, of all texts that were read. It is
// called once all pages have passed by.
func (t *Texts) Digest() string {
	sum := sha256.New()
	spaces := slices.SortedFunc(maps.Keys(t.of), func(a, b *Space) int { return cmp.Compare(a.ID, b.ID) })
	for _, s := range spaces {
		for text := range t.Of(s).all {
			fmt.Fprintf(sum, "%d %d %s %d\n", s.ID, text.address, text.Status, len(text.Data))
			sum.Write(text.Data)
		}
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// Auxiliary returns the text that ends in NUL at an address of an auxiliary
// value, false where it is not at hand.
func (p *ProcessTexts) Auxiliary(address uint64) (string, bool) {
	for _, t := range p.auxiliary {
		if t.address == address && t.Status == StatusOK {
			if end := bytes.IndexByte(t.Data, 0); end >= 0 {
				return string(t.Data[:end]), true
			}
		}
	}
	return "", false
}

// Cmdline returns what /proc/PID/cmdline shows. A process that wrote over
// its arguments so that they no longer end in NUL has one string, which may
// run on into the environment. Source: fs/proc/base.c, get_mm_cmdline.
func (p *ProcessTexts) Cmdline() []byte {
	args := p.Args.Data
	if len(args) == 0 || args[len(args)-1] == 0 {
		return args
	}
	title := args
	if m := p.space.descriptor; m.GetMmEnvStart() == m.GetMmArgEnd() && p.Env.Status == StatusOK {
		title = append(slices.Clip(args), p.Env.Data...)
	}
	title = title[:min(uint64(len(title)), p.space.PageSize())]
	if end := bytes.IndexByte(title, 0); end >= 0 {
		return title[:end]
	}
	return title
}

// MaxStrings bounds the arguments of a command line. The kernel counts a
// pointer for each towards the 6 MiB that they may take.
const MaxStrings = 1 << 20

// Arguments splits a command line at its NULs; the last one ends it. ok is
// false where there are more arguments than a process can have.
func Arguments(cmdline []byte) (args []string, ok bool) {
	if len(cmdline) == 0 {
		return []string{}, true
	}
	cmdline = bytes.TrimSuffix(cmdline, []byte{0})
	if bytes.Count(cmdline, []byte{0}) >= MaxStrings {
		return nil, false
	}
	for part := range bytes.SplitSeq(cmdline, []byte{0}) {
		args = append(args, string(part))
	}
	return args, true
}
