package extract

import "github.com/ckexport/ckexport/schema"

// processRows are the rows of one process. They are sorted out once: an archive may
// have a hundred thousand processes, and a million rows of a table.
type processRows struct {
	mappings  []*schema.MemoryMapping
	threads   []*schema.Thread
	registers map[uint32]*schema.ThreadRegisters // by thread
	pending   map[uint32][]*schema.PendingSignal // by thread
	auxiliary []*schema.AuxiliaryValue
}

// rowsOf returns the rows of a process.
func (c *checkpoint) rowsOf(pid uint32) *processRows {
	if c.processes == nil {
		c.sortRows()
	}
	if p := c.processes[pid]; p != nil {
		return p
	}
	return &processRows{}
}

func (c *checkpoint) sortRows() {
	c.processes = map[uint32]*processRows{}
	of := func(pid uint32) *processRows {
		p := c.processes[pid]
		if p == nil {
			p = &processRows{registers: map[uint32]*schema.ThreadRegisters{}, pending: map[uint32][]*schema.PendingSignal{}}
			c.processes[pid] = p
		}
		return p
	}
	for i := range c.rows.MemoryMappings {
		r := &c.rows.MemoryMappings[i]
		of(r.PID).mappings = append(of(r.PID).mappings, r)
	}
	for i := range c.rows.Threads {
		r := &c.rows.Threads[i]
		of(r.PID).threads = append(of(r.PID).threads, r)
	}
	for i := range c.rows.Registers {
		r := &c.rows.Registers[i]
		of(r.PID).registers[r.TID] = r
	}
	for i := range c.rows.PendingSignals {
		if r := &c.rows.PendingSignals[i]; r.TID != nil {
			of(r.PID).pending[*r.TID] = append(of(r.PID).pending[*r.TID], r)
		}
	}
	for i := range c.rows.AuxiliaryVectors {
		r := &c.rows.AuxiliaryVectors[i]
		of(r.PID).auxiliary = append(of(r.PID).auxiliary, r)
	}
}
