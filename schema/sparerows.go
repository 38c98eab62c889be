package schema

import "sync"

// spareBytes bounds the memory that is kept for rows to come.
const spareBytes = 4 << 20

// SpareRows keeps the memory of rows that were written for rows to come: a run over
// many small archives makes the same tables again and again, and memory that is
// touched for the first time takes longer than what is put there. A nil one keeps
// none. Any number of goroutines may use it.
type SpareRows struct {
	mu    sync.Mutex
	rows  []spareRows
	bytes int
}

type spareRows struct {
	Rows
	bytes int
}

// Take returns rows of no table, that may have room for some.
func (s *SpareRows) Take() Rows {
	if s == nil {
		return Rows{}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.rows)
	if n == 0 {
		return Rows{}
	}
	taken := s.rows[n-1]
	s.rows[n-1] = spareRows{}
	s.rows, s.bytes = s.rows[:n-1], s.bytes-taken.bytes
	return taken.Rows
}

// Put takes back rows, when nobody looks at them any more, nor at anything that they
// are part of. They are gone from r.
func (s *SpareRows) Put(r *Rows) {
	r.CheckpointID, r.Packed = "", nil
	spare := spareRows{Rows: *r}
	*r = Rows{}
	for _, t := range Tables() {
		rows := t.rows(&spare.Rows)
		rows.Clear() // what they point to can be let go of
		rows.SetLen(0)
		spare.bytes += rows.Cap() * int(t.row.Size())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bytes+spare.bytes <= spareBytes {
		s.rows, s.bytes = append(s.rows, spare), s.bytes+spare.bytes
	}
}
