package decode

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/checkpoint-restore/go-criu/v8/crit/images/apparmor"
	core "github.com/checkpoint-restore/go-criu/v8/crit/images/criu-core"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/seccomp"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/userns"

	"github.com/ckexport/ckexport/pipeline/criu"
	"github.com/ckexport/ckexport/schema"
)

// decodeSeccomp fills seccomp_filters.
func (s *imageSet) decodeSeccomp() {
	filters := s.filters().GetSeccompFilters()
	if len(filters) == 0 {
		return
	}
	lengths := chainLengths(filters)
	innermost := s.innermostThreads(len(filters))
	counts := threadCounts(filters, lengths, innermost)
	for i, f := range filters {
		program := f.GetFilter()
		sum := sha256.Sum256(program)
		row := schema.SeccompFilter{
			Filter: uint32(i), PrevFilter: f.Prev, Flags: optionalFlags(&criu.SeccompFlags, f.Flags), InnermostTIDs: notNil(innermost[i]),
			ProgramSHA256: hex.EncodeToString(sum[:]), ByteOrder: "little", InstructionCount: uint32(len(program) / criu.SizeofInstruction),
		}
		if s.hostOrder() == binary.BigEndian {
			row.ByteOrder = "big"
		}
		key := fmt.Sprintf("filter=%d", i)
		if lengths[i] > 0 {
			row.ChainLength = ptr(uint32(lengths[i]))
		} else {
			s.rowProblem("seccomp_filters", key, Warning, DanglingReference, "the chain of filters before it does not end")
		}
		if counts != nil {
			row.ThreadCount = &counts[i]
		}
		s.programOf(&row, notNil(program), key)
		add(&s.notes, &s.rows.SeccompFilters, row)
	}
}

// programOf decodes the program of a filter, and adds it where the checkpoint
// has not had it yet.
func (s *imageSet) programOf(row *schema.SeccompFilter, code []byte, key string) {
	decoded := schema.SeccompProgram{ProgramSHA256: row.ProgramSHA256, ByteOrder: row.ByteOrder, Program: code}
	defer func() {
		if !slices.ContainsFunc(s.rows.SeccompPrograms, func(p schema.SeccompProgram) bool { return p.ProgramSHA256 == row.ProgramSHA256 }) {
			add(&s.notes, &s.rows.SeccompPrograms, decoded)
		}
	}()
	if row.InstructionCount > criu.MaxInstructions {
		s.rowProblem("seccomp_filters", key, Warning, LimitExceeded,
			fmt.Sprintf("%d instructions, more than the %d a filter can have; they were not decoded", row.InstructionCount, criu.MaxInstructions))
		return
	}
	if len(code)%criu.SizeofInstruction != 0 {
		s.rowProblem("seccomp_filters", key, Warning, Malformed, fmt.Sprintf("%d bytes are no whole number of instructions", len(code)))
	}
	p := s.decoder.programs.lookup(row.ProgramSHA256, s.hostOrder(), func() program { return disassemble(code, s.hostOrder()) })
	decoded.Instructions, row.Actions = p.instructions, p.actions
}

// program is a decoded seccomp filter.
type program struct {
	instructions []schema.SeccompInstruction
	actions      []string
}

// programs keeps decoded programs between archives: each process has its own
// copy of the one that all containers of an engine get.
type programs map[programKey]program

type programKey struct {
	sha256 string
	order  string
}

// maxPrograms bounds how many programs are kept; a fleet has a few.
const maxPrograms = 32

// lookup returns the program with a digest, which decode makes if need be.
func (p programs) lookup(sha256 string, order binary.ByteOrder, decode func() program) program {
	key := programKey{sha256, order.String()}
	known, ok := p[key]
	if !ok {
		if len(p) == maxPrograms {
			clear(p)
		}
		known = decode()
		p[key] = known
	}
	return known
}

// disassemble decodes the instructions of a program.
func disassemble(code []byte, order binary.ByteOrder) program {
	p := program{instructions: []schema.SeccompInstruction{}, actions: []string{}}
	seen := map[string]bool{}
	for at, in := range criu.Disassemble(code, order) {
		out := schema.SeccompInstruction{Position: uint32(at), Code: in.Code, JumpTrue: in.True, JumpElse: in.Else, K: in.K, Mnemonic: in.Mnemonic}
		if in.Operand != "" {
			out.Operand = &in.Operand
		}
		if in.ReturnsConst && !seen[in.Operand] {
			seen[in.Operand] = true
			p.actions = append(p.actions, in.Operand)
		}
		p.instructions = append(p.instructions, out)
	}
	return p
}

// chainLengths returns how many filters the chain of each has, 0 where it
// names a filter that is not there or runs in a circle.
func chainLengths(filters []*seccomp.SeccompFilter) []int {
	const unknown, broken = 0, -1
	lengths := make([]int, len(filters))
	for i := range filters {
		var path []int // filters whose length is that of the next and one more
		length, at := broken, i
		for {
			if lengths[at] != unknown {
				length = lengths[at]
				break
			}
			lengths[at] = broken // until it is known: a circle ends here
			path = append(path, at)
			prev := filters[at].Prev
			if prev == nil {
				length = 0
				break
			}
			if uint64(*prev) >= uint64(len(filters)) {
				break
			}
			at = int(*prev)
		}
		for _, f := range slices.Backward(path) {
			if length != broken {
				length++
				lengths[f] = length
			}
		}
	}
	for i := range lengths {
		lengths[i] = max(lengths[i], 0)
	}
	return lengths
}

// innermostThreads returns the threads whose innermost filter each is. Threads
// of a process that all have the leader's chain name none of their own.
func (s *imageSet) innermostThreads(filters int) map[int][]uint32 {
	threads := map[int][]uint32{}
	for _, p := range s.tree() {
		leader := s.cores()[p.GetPid()]
		shared := sharesChain(s.filters(), leader)
		for _, tid := range liveThreads(p) {
			c := s.cores()[tid]
			if shared {
				c = leader
			}
			f := seccompFilter(c, leader)
			switch {
			case f == nil || seccompMode(c, leader) != core.SeccompMode_filter:
			case uint64(*f) >= uint64(filters):
				s.dangling("threads", fmt.Sprintf("tid=%d", tid), "seccomp filter", uint64(*f))
			default:
				threads[int(*f)] = append(threads[int(*f)], tid)
			}
		}
	}
	for _, tids := range threads {
		slices.Sort(tids)
	}
	return threads
}

// threadCounts returns for how many threads each filter is in force, nil where
// a chain is broken.
func threadCounts(filters []*seccomp.SeccompFilter, lengths []int, innermost map[int][]uint32) []uint32 {
	order := make([]int, len(filters))
	for i := range order {
		if order[i] = i; lengths[i] == 0 {
			return nil
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return lengths[b] - lengths[a] }) // longest chains first
	counts := make([]uint32, len(filters))
	for _, f := range order {
		counts[f] += uint32(len(innermost[f]))
		if prev := filters[f].Prev; prev != nil {
			counts[*prev] += counts[f]
		}
	}
	return counts
}

// maxPath bounds paths made of the names of nested messages: PATH_MAX. Without
// it, a deep nest of long names would cost the square of its size.
const maxPath = 4096

// decodeApparmor fills apparmor_profiles.
func (s *imageSet) decodeApparmor() {
	var walk func(namespaces []*apparmor.AaNamespace, above *string)
	walk = func(namespaces []*apparmor.AaNamespace, above *string) {
		for _, ns := range namespaces {
			path := nestedNamespace(above, ns.GetName())
			namespace := optionalText(path)
			if path == nil {
				s.rowProblem("apparmor_profiles", "namespace", Warning, LimitExceeded, fmt.Sprintf("the path of a namespace is longer than %d bytes", maxPath))
			}
			for _, p := range ns.GetPolicies() {
				sum := sha256.Sum256(p.GetBlob())
				add(&s.notes, &s.rows.ApparmorProfiles, schema.ApparmorProfile{
					NamespacePath: namespace, Profile: optionalText(p.Name), PolicyBytes: ptr(uint64(len(p.GetBlob()))),
					PolicySHA256: ptr(hex.EncodeToString(sum[:])), Policy: notNil(p.GetBlob()),
				})
			}
			if len(ns.GetPolicies()) == 0 {
				add(&s.notes, &s.rows.ApparmorProfiles, schema.ApparmorProfile{NamespacePath: namespace})
			}
			walk(ns.GetNamespaces(), path)
		}
	}
	walk(one[apparmor.ApparmorEntry](s, "apparmor.img").GetNamespaces(), ptr(""))
}

// nestedNamespace joins a name to the path of the namespace above it, nil where that
// is too long or itself not known.
func nestedNamespace(above *string, name string) *string {
	const separator = "//"
	if above == nil || len(*above)+len(separator)+len(name) > maxPath {
		return nil
	}
	if *above == "" {
		return &name
	}
	return ptr(*above + separator + name)
}

// decodeIDMappings fills id_mappings.
func (s *imageSet) decodeIDMappings() {
	for _, img := range s.ofKind("USERNS") {
		u := s.idMaps()[uint32(img.number)]
		for _, m := range []struct {
			kind    string
			extents []*userns.UidGidExtent
		}{{"uid", u.GetUidMap()}, {"gid", u.GetGidMap()}} {
			for i, e := range m.extents {
				add(&s.notes, &s.rows.IDMappings, schema.IDMapping{
					UserNsID: uint32(img.number), Kind: m.kind, Position: uint32(i), InsideFirst: e.First, OutsideFirst: e.LowerFirst, Count: e.Count,
				})
			}
		}
	}
}
