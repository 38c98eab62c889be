package decode

import (
	"bytes"
	"fmt"
	"iter"
	"strings"

	"github.com/checkpoint-restore/go-criu/v8/crit/images/creds"
	core "github.com/checkpoint-restore/go-criu/v8/crit/images/criu-core"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/pstree"

	"github.com/ckexport/ckexport/pipeline/criu"
	"github.com/ckexport/ckexport/pipeline/memory"
	"github.com/ckexport/ckexport/schema"
)

func pidKey(pid uint32) string { return fmt.Sprintf("pid=%d", pid) }

// Values of task_core_entry.task_state. Source: CRIU compel/include/uapi/task-state.h.
const (
	taskDead   = 2
	taskZombie = 6
)

// decodeProcesses fills processes.
func (s *imageSet) decodeProcesses() {
	depths := s.depths()
	for _, p := range s.tree() {
		if isFull(&s.notes, &s.rows.Processes) {
			return
		}
		row := schema.Process{PID: p.GetPid(), PPID: p.GetPpid(), PGID: p.GetPgid(), SID: p.GetSid(), ParentExists: s.isInTree(p.GetPpid())}
		if d, ok := depths[p.GetPid()]; ok {
			row.Depth, row.TreePath = &d.depth, d.path
		} else {
			s.rowProblem("processes", pidKey(row.PID), Warning, Inconsistent, "its parents form a loop")
		}
		if row.PPID != 0 && !row.ParentExists {
			s.dangling("processes", pidKey(row.PID), "parent", uint64(row.PPID))
		}
		if pid, ok := s.logFacts.hostPIDs[row.PID]; ok {
			row.HostPID = &pid
		}
		c := s.cores()[row.PID]
		dead := coreColumns(&row, c)
		if !dead {
			row.ThreadCount = uint32(len(liveThreads(p)))
			s.spaceColumns(&row)
			s.idColumns(&row)
			if number, ok := s.tableNumber(row.PID); ok {
				row.FDCount = uint32(len(s.files().tables[number]))
			}
			s.folderColumns(&row)
		}
		add(&s.notes, &s.rows.Processes, row)
	}
}

// liveThreads returns the thread ids of a process; a zombie's list is one 0.
func liveThreads(p *pstree.PstreeEntry) []uint32 {
	threads := make([]uint32, 0, len(p.GetThreads()))
	for _, t := range p.GetThreads() {
		if t != 0 {
			threads = append(threads, t)
		}
	}
	return threads
}

// treePosition is where a process stands in the tree.
type treePosition struct {
	depth uint32
	path  []uint32
}

// maxTreePath bounds processes.tree_path: a chain of n processes would
// otherwise cost n*n numbers.
const maxTreePath = 64

// depths returns the position of every process that a root can be found for.
func (s *imageSet) depths() map[uint32]treePosition {
	children := map[uint32][]uint32{}
	var next []uint32
	positions := make(map[uint32]treePosition, len(s.tree()))
	for _, p := range s.tree() {
		pid, ppid := p.GetPid(), p.GetPpid()
		if ppid == 0 || !s.isInTree(ppid) {
			positions[pid] = treePosition{path: []uint32{pid}}
			next = append(next, pid)
		} else {
			children[ppid] = append(children[ppid], pid)
		}
	}
	for len(next) > 0 {
		parent := next[0]
		next = next[1:]
		above := positions[parent]
		for _, pid := range children[parent] {
			if _, known := positions[pid]; known {
				continue
			}
			here := treePosition{depth: above.depth + 1}
			if here.depth < maxTreePath {
				here.path = append(append(make([]uint32, 0, len(above.path)+1), above.path...), pid)
			}
			positions[pid] = here
			next = append(next, pid)
		}
	}
	return positions
}

// coreColumns fills in what the leader's core image tells; dead says that the
// process has no memory, files or threads.
func coreColumns(row *schema.Process, c *core.CoreEntry) (dead bool) {
	if c == nil {
		return false
	}
	row.Arch = archName(c)
	names := criu.DialectOf(c.GetMtype())
	if tc := c.GetTc(); tc != nil {
		row.State = enum(&criu.TaskState, tc.GetTaskState())
		dead = isDead(c)
		row.ExitCode = tc.ExitCode
		if dead && tc.ExitCode != nil {
			if signal := tc.GetExitCode() & 0x7f; signal != 0 {
				row.ExitSignal = &signal
			} else {
				row.ExitStatus = ptr(tc.GetExitCode() >> 8 & 0xff)
			}
		}
		row.Comm = optionalText(tc.Comm)
		row.Personality = optionalFlags(&criu.Personality, tc.Personality)
		row.TaskFlags = optionalFlags(&criu.TaskFlags, tc.Flags)
		row.BlockedSignals = optionalFlags(names.SignalSet, tc.BlkSigset)
		row.BlockedSigExt = tc.BlkSigsetExtended
		row.LoginUID = tc.Loginuid
		if tc.GetLoginuid() == unset32 {
			row.LoginUID = nil
		}
		row.OOMScoreAdj, row.ChildSubreaper = tc.OomScoreAdj, tc.ChildSubreaper
		row.StopSignal = optionalSignal(names.Signal, tc.StopSigno)
		row.Membarrier = optionalFlags(&criu.Membarrier, tc.MembarrierRegistrationMask)
		row.CgSet = tc.CgSet
	}
	if t := c.GetThreadCore(); t != nil {
		if t.CgSet != nil {
			row.CgSet = t.CgSet
		}
		if !dead {
			row.SeccompMode = enum(&criu.SeccompMode, seccompMode(c, c))
			credentialColumns(row, t.GetCreds())
		}
	}
	if r := criu.RegistersOf(c); r != nil {
		row.IsCompat = r.Compat
	}
	return dead
}

// isDead reports whether a process has ended and left its exit code only.
func isDead(c *core.CoreEntry) bool {
	state := c.GetTc().GetTaskState()
	return state == taskDead || state == taskZombie
}

// unset32 is the kernel's -1 of an id: not set.
const unset32 = 1<<32 - 1

// archName returns CRIU's name of the processor architecture, in lower case.
func archName(c *core.CoreEntry) *string {
	if c.Mtype == nil {
		return nil
	}
	return ptr(strings.ToLower(c.GetMtype().String()))
}

// seccompMode returns the mode of a thread; absent is disabled. Old images
// have it on the process, for all threads: in the core of the leader.
func seccompMode(c, leader *core.CoreEntry) core.SeccompMode {
	if t := c.GetThreadCore(); t != nil && t.SeccompMode != nil {
		return *t.SeccompMode
	}
	return leader.GetTc().GetOldSeccompMode()
}

// seccompFilter returns the innermost filter of a thread, nil if it has none.
// Old images have it on the process, likewise.
func seccompFilter(c, leader *core.CoreEntry) *uint32 {
	if t := c.GetThreadCore(); t != nil && t.SeccompFilter != nil {
		return t.SeccompFilter
	}
	if tc := leader.GetTc(); tc != nil {
		return tc.OldSeccompFilter
	}
	return nil
}

func credentialColumns(row *schema.Process, c *creds.CredsEntry) {
	if c == nil {
		return
	}
	row.UID, row.EUID, row.GID, row.EGID = c.Uid, c.Euid, c.Gid, c.Egid
	row.NoNewPrivs = ptr(c.GetNoNewPrivs() != 0)
	row.CapEffective = capabilitySet(c.GetCapEff())
	row.LSMProfile = optionalText(c.LsmProfile)
}

// spaceColumns fills in what the memory image tells.
func (s *imageSet) spaceColumns(row *schema.Process) {
	m, space := s.memoryOf(row.PID), s.spaces()[row.PID]
	if space == nil {
		return
	}
	row.VMACount = uint32(len(space.GetVmas()))
	row.StartCode, row.EndCode = space.MmStartCode, space.MmEndCode
	row.StartData, row.EndData = space.MmStartData, space.MmEndData
	row.StartStack, row.StartBrk, row.Brk = space.MmStartStack, space.MmStartBrk, space.MmBrk
	row.ArgStart, row.ArgEnd, row.EnvStart, row.EnvEnd = space.MmArgStart, space.MmArgEnd, space.MmEnvStart, space.MmEnvEnd
	row.Dumpable, row.THPDisabled = space.Dumpable, space.ThpDisabled
	row.ExeFileID = space.ExeFileId
	if f := s.files().byID[space.GetExeFileId()]; f != nil {
		row.Exe, row.ExeDeleted, row.ExeBuildID = f.pathText(), ptr(f.deleted), f.buildID
		row.ExeMemfd = ptr(f.entry.GetMemfd() != nil)
	} else {
		s.dangling("processes", pidKey(row.PID), "program file", uint64(space.GetExeFileId()))
	}
	if m.Pagemap() != nil {
		row.PagesID = ptr(m.Pagemap().PagesID)
		pages := m.Pagemap().Totals()
		row.OwnPagesPresent, row.OwnPagesParent, row.OwnPagesLazyOnly = pages[criu.Present], pages[criu.Parent], pages[criu.Lazy]
	}
	for _, v := range space.GetVmas() {
		if v.GetEnd() > v.GetStart() {
			row.VirtualBytes += v.GetEnd() - v.GetStart()
		}
	}
	texts := s.textsOf(m)
	row.CmdlineStatus, row.EnvironStatus = ptr(string(texts.Args.Status)), ptr(string(texts.Env.Status))
	s.textProblem("processes", row.PID, "command line", texts.Args.Status)
	switch texts.Args.Status {
	case memory.StatusOK, memory.StatusEmpty:
		args, ok := memory.Arguments(texts.Cmdline())
		if !ok {
			row.CmdlineStatus = ptr(string(memory.StatusTooLong))
			s.textProblem("processes", row.PID, "command line", memory.StatusTooLong)
			return
		}
		row.Argv = textList(args)
		row.Cmdline = ptr(plain(strings.Join(args, " ")))
	}
}

// idColumns fills in kernel objects and namespaces.
func (s *imageSet) idColumns(row *schema.Process) {
	ids := s.kernelIDs(row.PID)
	if ids == nil {
		return
	}
	row.VMID, row.FilesID, row.FsID, row.SighandID = ids.VmId, ids.FilesId, ids.FsId, ids.SighandId
	row.PidNsID, row.NetNsID, row.IpcNsID, row.UtsNsID = ids.PidNsId, ids.NetNsId, ids.IpcNsId, ids.UtsNsId
	row.MntNsID, row.UserNsID, row.CgroupNsID, row.TimeNsID = ids.MntNsId, ids.UserNsId, ids.CgroupNsId, ids.TimeNsId
}

// folderColumns fills in working and root directory.
func (s *imageSet) folderColumns(row *schema.Process) {
	f := s.folders()[row.PID]
	if f == nil {
		return
	}
	row.CwdFileID, row.RootFileID, row.Umask = f.CwdId, f.RootId, f.Umask
	row.Cwd = s.pathOf(row.PID, "working directory", f.GetCwdId())
	row.Root = s.pathOf(row.PID, "root directory", f.GetRootId())
}

func (s *imageSet) pathOf(pid uint32, what string, id uint32) schema.Text {
	if f := s.files().byID[id]; f != nil {
		return f.pathText()
	}
	s.dangling("processes", pidKey(pid), what, uint64(id))
	return schema.Text{}
}

// environmentOf yields the strings of an environment. Empty strings at the end
// are padding; one between others is an entry.
func environmentOf(environment []byte) iter.Seq[string] {
	return func(yield func(string) bool) {
		trimmed := bytes.TrimRight(environment, "\x00")
		if len(trimmed) == 0 {
			return
		}
		for part := range bytes.SplitSeq(trimmed, []byte{0}) {
			if !yield(string(part)) {
				return
			}
		}
	}
}

// livingTasks returns the processes that have memory, files and threads: those
// that are neither dead nor zombies.
func (s *imageSet) livingTasks() []*pstree.PstreeEntry {
	living := make([]*pstree.PstreeEntry, 0, len(s.tree()))
	for _, p := range s.tree() {
		if !isDead(s.cores()[p.GetPid()]) {
			living = append(living, p)
		}
	}
	return living
}

// decodeEnvironment fills environment.
func (s *imageSet) decodeEnvironment() {
	for _, p := range s.livingTasks() {
		if isFull(&s.notes, &s.rows.Environment) {
			return
		}
		m := s.memoryOf(p.GetPid())
		if m.Descriptor() == nil {
			continue // the processes tell
		}
		env := s.textsOf(m).Env
		s.textProblem("environment", p.GetPid(), "environment", env.Status)
		s.environmentRows(p.GetPid(), env)
	}
}

func (s *imageSet) environmentRows(pid uint32, env memory.Text) {
	if env.Status != memory.StatusOK {
		return
	}
	i := -1
	for entry := range environmentOf(env.Data) {
		if i++; isFull(&s.notes, &s.rows.Environment) {
			return
		}
		name, value, hasValue := strings.Cut(entry, "=")
		row := schema.EnvironmentVariable{PID: pid, Position: uint32(i), Name: text(name), Sensitive: schema.IsSecretName(name)}
		if hasValue {
			row.Value = text(value)
		}
		add(&s.notes, &s.rows.Environment, row)
	}
}

// decodeResourceLimits fills resource_limits.
func (s *imageSet) decodeResourceLimits() {
	for _, p := range s.livingTasks() {
		s.limitRows(p.GetPid(), s.cores()[p.GetPid()])
	}
}

// limitRows makes rows of resource limits: the position is the resource's number.
func (s *imageSet) limitRows(pid uint32, c *core.CoreEntry) {
	const unlimited = 1<<64 - 1
	resources := criu.DialectOf(c.GetMtype()).Resource
	for i, l := range c.GetTc().GetRlimits().GetRlimits() {
		row := schema.ResourceLimit{PID: pid, Resource: resources.Name(uint64(i)), ResourceCode: uint32(i), Soft: l.Cur, Hard: l.Max}
		if l.GetCur() == unlimited {
			row.Soft = nil
		}
		if l.GetMax() == unlimited {
			row.Hard = nil
		}
		add(&s.notes, &s.rows.ResourceLimits, row)
	}
}
