package scan

import (
	"github.com/ckexport/ckexport/pipeline/yara"
)

// Scanner scans the content of archives, one after another, with YARA rules. It
// is for one goroutine.
type Scanner struct {
	rules  *yara.Rules
	free   []*yara.Scan
	beside *Beside
	buffer []byte // of a Content that has ended
}

// NewScanner returns a scanner with these rules, which others may use too.
func NewScanner(rules *yara.Rules) *Scanner { return &Scanner{rules: rules} }

// Close frees what the scanner holds. No archive may be open.
func (s *Scanner) Close() {
	for _, f := range s.free {
		f.Close()
	}
	s.free = nil
	if s.beside != nil {
		s.beside.Close()
		s.beside = nil
	}
}

// Archive is what the scans of one archive have in common.
type Archive struct {
	// Skipped is set if a string matched so often that not all was looked for.
	Skipped bool
	// Full is set if there was no memory for a scan, or for its hits.
	Full bool
	// Err is the first failure of a scan.
	Err error

	failed  error // the first failure of a block, beside
	scanner *Scanner
	budget  *yara.Budget
	take    func(bytes int64) bool
	open    map[*yara.Scan]bool
}

// MaxHits is how many hits of a rule an archive has.
const MaxHits = 10_000

// What is taken of an archive's memory: for a scan, with libyara's own, and for a
// hit.
const (
	scanBytes = 192 << 10
	hitBytes  = 256
)

// Archive begins an archive. take is asked for the memory of what is kept.
func (s *Scanner) Archive(take func(bytes int64) bool) *Archive {
	return &Archive{scanner: s, budget: s.rules.NewBudget(MaxHits), take: take, open: map[*yara.Scan]bool{}}
}

// Spent returns the rules that had more hits than are kept.
func (a *Archive) Spent() []*yara.Rule { return a.budget.Spent() }

// Close gives up the scans that have not ended.
func (a *Archive) Close() {
	a.wait()
	for scan := range a.open {
		a.release(scan)
	}
	const kept = 4
	s := a.scanner
	for _, scan := range s.free[min(kept, len(s.free)):] {
		scan.Close()
	}
	s.free = s.free[:min(kept, len(s.free))]
}

// begin returns a scan of a new content, nil where there is no memory for it.
func (a *Archive) begin() *yara.Scan {
	if a.Err != nil {
		return nil
	}
	s := a.scanner
	if len(s.free) == 0 {
		if !a.take(scanBytes) {
			a.Full = true
			return nil
		}
		scan, err := s.rules.NewScan()
		if err != nil {
			a.Err = err
			return nil
		}
		s.free = append(s.free, scan)
	}
	scan := s.free[len(s.free)-1]
	s.free = s.free[:len(s.free)-1]
	a.open[scan] = true
	scan.Begin()
	return scan
}

// windows returns what cuts a content into blocks, and scans these.
func (a *Archive) windows(scan *yara.Scan) *Windows {
	look := func(b Block) {
		if a.failed == nil {
			a.failed = scan.Block(b.Data, b.Address)
		}
	}
	if a.scanner.beside == nil {
		a.scanner.beside = NewBeside()
	}
	return NewWindows(func(b Block) { a.scanner.beside.Look(b, look) })
}

// wait waits until all blocks are scanned, and notes the first failure.
func (a *Archive) wait() {
	if b := a.scanner.beside; b != nil {
		b.Wait()
		if a.Err == nil {
			a.Err = a.failed
		}
	}
}

// end ends a scan, and returns its hits, see yara.Scan.End.
func (a *Archive) end(scan *yara.Scan, whole []byte, size int64) []yara.Hit {
	defer a.release(scan)
	a.wait()
	if a.Err != nil {
		return nil
	}
	hits, skipped, err := scan.End(whole, size, a.budget)
	a.Skipped, a.Err = a.Skipped || skipped, err
	if n := len(hits); n > 0 && !a.take(int64(n)*hitBytes) {
		a.Full = true
		return nil
	}
	return hits
}

func (a *Archive) release(scan *yara.Scan) {
	delete(a.open, scan)
	a.scanner.free = append(a.scanner.free, scan)
}
