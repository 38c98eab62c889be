package decode

import (
	"fmt"

	"github.com/checkpoint-restore/go-criu/v8/crit/images/creds"
	core "github.com/checkpoint-restore/go-criu/v8/crit/images/criu-core"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/seccomp"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/userns"

	"github.com/ckexport/ckexport/pipeline/criu"
	"github.com/ckexport/ckexport/schema"
)

// decodeThreads fills threads and credentials.
func (s *imageSet) decodeThreads() {
	for _, p := range s.tree() {
		leader := s.cores()[p.GetPid()]
		for i, tid := range liveThreads(p) {
			if isFull(&s.notes, &s.rows.Threads) && isFull(&s.notes, &s.rows.Credentials) {
				return
			}
			c := s.cores()[tid]
			row := schema.Thread{PID: p.GetPid(), TID: tid, Position: uint32(i), IsLeader: tid == p.GetPid()}
			if c == nil {
				add(&s.notes, &s.rows.Threads, row)
				continue
			}
			tc := leader.GetTc()
			if tc == nil { // what stands on the process is not known
				tc = &core.TaskCoreEntry{}
			}
			row.Comm = optionalText(tc.Comm)
			if t := c.GetThreadCore(); t != nil {
				threadColumns(&row, t, tc, criu.DialectOf(c.GetMtype()))
				row.SeccompMode, row.SeccompFilter = enum(&criu.SeccompMode, seccompMode(c, leader)), seccompFilter(c, leader)
				filtered := c // by whose filters the thread runs
				if sharesChain(s.filters(), leader) {
					filtered = leader
				}
				row.EffectiveSeccompMode = enum(&criu.SeccompMode, seccompMode(filtered, leader))
				if t.GetCreds() != nil {
					s.credentialRow(p.GetPid(), tid, t.GetCreds())
				}
			}
			s.registerColumns(&row, c)
			add(&s.notes, &s.rows.Threads, row)
		}
	}
}

// sharesChain reports whether the leader's filters hold for every thread:
// CRIU then keeps them on the leader only. Source: CRIU criu/seccomp.c.
func sharesChain(filters *seccomp.SeccompEntry, leader *core.CoreEntry) bool {
	const tsync = 1 // SECCOMP_FILTER_FLAG_TSYNC, linux/seccomp.h
	last := seccompFilter(leader, leader)
	if last == nil || seccompMode(leader, leader) != core.SeccompMode_filter {
		return false
	}
	chain := filters.GetSeccompFilters()
	return uint64(*last) < uint64(len(chain)) && chain[*last].GetFlags()&tsync != 0
}

func threadColumns(row *schema.Thread, t *core.ThreadCoreEntry, tc *core.TaskCoreEntry, names criu.Dialect) {
	if t.Comm != nil {
		row.Comm = text(t.GetComm())
	}
	row.SchedPolicy = optionalEnum(&criu.SchedPolicy, t.SchedPolicy)
	row.SchedNice, row.SchedPriority = t.SchedNice, t.SchedPrio
	row.BlockedSignals = optionalFlags(names.SignalSet, t.BlkSigset)
	row.BlockedSigExt = t.BlkSigsetExtended
	if row.IsLeader && t.BlkSigset == nil { // the leader's stand on the process
		row.BlockedSignals, row.BlockedSigExt = optionalFlags(names.SignalSet, tc.BlkSigset), tc.BlkSigsetExtended
	}
	row.PdeathSignal = optionalSignal(names.Signal, t.PdeathSig)
	row.RobustListHead, row.RobustListLen = t.FutexRla, t.FutexRlaLen
	if sas := t.GetSas(); sas != nil {
		row.SigaltstackSP, row.SigaltstackSize = sas.SsSp, sas.SsSize
		row.SigaltstackFlags = optionalFlags(&criu.SigaltstackFlags, sas.SsFlags)
	}
	if q := t.GetRseqEntry(); q != nil {
		row.RseqABIPointer, row.RseqABISize, row.RseqSignature, row.RseqCSPointer = q.RseqAbiPointer, q.RseqAbiSize, q.Signature, q.RseqCsPointer
	}
	row.CgSet = t.CgSet
	if row.CgSet == nil {
		row.CgSet = tc.CgSet
	}
}

// registerColumns fills in where the thread is, and what it waits for.
func (s *imageSet) registerColumns(row *schema.Thread, c *core.CoreEntry) {
	r := criu.RegistersOf(c)
	if r == nil {
		s.rowProblem("threads", fmt.Sprintf("tid=%d", row.TID), Warning, MissingField, fmt.Sprintf("no registers known for architecture %s", c.GetMtype()))
		return
	}
	row.InstructionPointer, row.StackPointer, row.FramePointer = &r.InstructionPointer, &r.StackPointer, r.FramePointer
	row.TLSBase, row.ClearTIDAddr = r.TLSBase, &r.ClearTIDAddr
	row.SyscallNumber, row.SyscallArgs = r.Syscall, r.Args
	if r.Syscall != nil && !(r.Compat != nil && *r.Compat) {
		row.SyscallName = criu.SyscallName(c.GetMtype(), *r.Syscall)
	}
	v := s.mappingAt(row.PID, r.InstructionPointer)
	if v == nil {
		return
	}
	row.InstructionMappingStart = v.Start
	if f := s.mappedFile(v); f != nil {
		row.InstructionPath = f.pathText().Text
		row.InstructionFileOffset = ptr(v.GetPgoff() + r.InstructionPointer - v.GetStart())
	}
}

// capabilitySet joins the words of a capability set, nil where the image has none:
// CRIU writes both words of an empty set, and before it knew of ambient capabilities
// nothing of those.
func capabilitySet(words []uint32) *uint64 {
	if len(words) == 0 {
		return nil
	}
	var set uint64
	for i, w := range words[:min(len(words), 2)] {
		set |= uint64(w) << (32 * i)
	}
	return &set
}

func (s *imageSet) credentialRow(pid, tid uint32, c *creds.CredsEntry) {
	row := schema.Credential{
		PID: pid, TID: tid, UID: c.GetUid(), EUID: c.GetEuid(), SUID: c.GetSuid(), FSUID: c.GetFsuid(),
		GID: c.GetGid(), EGID: c.GetEgid(), SGID: c.GetSgid(), FSGID: c.GetFsgid(), Groups: notNil(c.GetGroups()),
		CapInheritable: optionalFlags(&criu.Capabilities, capabilitySet(c.GetCapInh())),
		CapPermitted:   optionalFlags(&criu.Capabilities, capabilitySet(c.GetCapPrm())),
		CapEffective:   optionalFlags(&criu.Capabilities, capabilitySet(c.GetCapEff())),
		CapBounding:    optionalFlags(&criu.Capabilities, capabilitySet(c.GetCapBnd())),
		CapAmbient:     optionalFlags(&criu.Capabilities, capabilitySet(c.GetCapAmb())),
		SecureBits:     flags(&criu.SecureBits, c.GetSecbits()), NoNewPrivs: c.GetNoNewPrivs() != 0,
		LSMProfile: optionalText(c.LsmProfile), LSMSockcreate: optionalText(c.LsmSockcreate), ApparmorData: c.GetApparmorData(),
	}
	if ids := s.kernelIDs(pid); ids != nil && ids.UserNsId != nil {
		switch m := s.idMaps()[ids.GetUserNsId()]; {
		case m != nil:
			row.HostUID, row.HostGID = hostID(m.GetUidMap(), row.UID), hostID(m.GetGidMap(), row.GID)
		case s.inventory().GetRootIds().GetUserNsId() == ids.GetUserNsId(): // CRIU's own: ids are those of the host
			row.HostUID, row.HostGID = &row.UID, &row.GID
		}
	}
	add(&s.notes, &s.rows.Credentials, row)
}

// hostID applies a map of a user namespace, nil where it says nothing.
func hostID(extents []*userns.UidGidExtent, id uint32) *uint32 {
	for _, e := range extents {
		if id >= e.GetFirst() && uint64(id) < uint64(e.GetFirst())+uint64(e.GetCount()) {
			return ptr(e.GetLowerFirst() + id - e.GetFirst())
		}
	}
	return nil
}
