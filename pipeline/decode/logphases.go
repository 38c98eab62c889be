package decode

import (
	"bytes"
	"strconv"

	"github.com/ckexport/ckexport/schema"
)

// phaseStart is the phase before the first one that CRIU names.
const phaseStart = "start"

// phaseDumpingTask is the one phase that there is for each process.
const phaseDumpingTask = "Dumping task"

// phaseBeginning is how a message reads that begins a phase.
type phaseBeginning struct{ phase, prefix, suffix string }

// phaseBeginnings are those of a dump, in its order, and then those of a
// restore. Source: CRIU criu/cr-dump.c, cr-restore.c and what these call. Other
// versions of CRIU may lack some: what would be such a phase belongs to the one
// before.
var phaseBeginnings = []phaseBeginning{
	{"Dumping processes", "Dumping processes (", ""},
	{"freezing cgroup", "freezing cgroup ", ""},
	{"Seized task", "Seized task ", ""},
	{"Lock network", "net: Lock network", ""},
	{phaseDumpingTask, phaseDumpingTask + " (pid: ", ""},
	{"Dumping mountpoints", "mnt: Dumping mountpoints", ""},
	{"Dumping namespaces", "Dumping ", "'s namespaces"},
	{"Dumping cgroups", "cg: Dumping ", " sets"},
	{"Writing image inventory", "Writing image inventory", ""},
	{"Unlock network", "net: Unlock network", ""},
	{"Unfreezing tasks", "Unfreezing tasks ", ""},
	{"Writing stats", "Writing stats", ""},

	{"Running pre-restore scripts", "Running pre-restore scripts", ""},
	{"Forking task", "Forking task with ", ""},
	{"Running setup-namespaces scripts", "Running setup-namespaces scripts", ""},
	{"Restoring namespaces", "Restoring namespaces ", ""},
	{"Running post-restore scripts", "Running post-restore scripts", ""},
	{"Run late stage hook", "Run late stage hook ", ""},
	{"Running pre-resume scripts", "Running pre-resume scripts", ""},
	{"Restore finished successfully", "Restore finished successfully", ""},
}

// logPhases makes the outline of a log.
type logPhases struct {
	*container
	name    string
	current schema.LogPhase
	last    uint64 // time of the last line that has one
	isTimed bool   // whether one of the current phase has
	begun   uint64 // a bit for each of phaseBeginnings
}

// line takes in a line: its message, and its time if it has one.
func (p *logPhases) line(number uint32, elapsed uint64, isTimed bool, message []byte) {
	if number == 1 {
		p.current = schema.LogPhase{LogName: p.name, Phase: phaseStart, FirstLine: number}
	}
	if isTimed {
		if phase := p.beginning(message); phase != "" {
			p.end()
			p.current = schema.LogPhase{LogName: p.name, Position: p.current.Position + 1, Phase: phase, FirstLine: number}
			if phase == phaseDumpingTask {
				p.current.HostPID = taskPID(message)
			}
		}
		if !p.isTimed {
			p.isTimed, p.current.StartedUS = true, ptr(elapsed)
		}
		p.last = elapsed
	}
	p.current.LineCount++
}

// end adds the current phase, if there is one.
func (p *logPhases) end() {
	if p.current.LineCount == 0 {
		return
	}
	if p.isTimed {
		p.current.FinishedUS = ptr(p.last)
	}
	add(&p.notes, &p.logPhases, p.current)
	p.isTimed = false
}

// beginning returns the phase that a message begins, empty if it begins none. What
// CRIU says again later, such as for the next process that it freezes, begins none.
func (p *logPhases) beginning(message []byte) string {
	for i := range phaseBeginnings {
		b := &phaseBeginnings[i] // not copied for each line
		if !startsWith(message, b.prefix) || !bytes.HasSuffix(message, []byte(b.suffix)) {
			continue
		}
		if p.begun&(1<<i) != 0 && b.phase != phaseDumpingTask {
			return ""
		}
		p.begun |= 1 << i
		return b.phase
	}
	return ""
}

// taskPID reads the number of the process from a message that begins to dump it.
func taskPID(message []byte) *int32 {
	number, _, _ := bytes.Cut(bytes.TrimPrefix(message, []byte(phaseDumpingTask+" (pid: ")), []byte(" "))
	pid, err := strconv.ParseInt(string(bytes.TrimSuffix(number, []byte(")"))), 10, 32)
	if err != nil {
		return nil
	}
	return ptr(int32(pid))
}
