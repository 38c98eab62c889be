package decode

import (
	"fmt"

	"github.com/ckexport/ckexport/pipeline/criu"
	"github.com/ckexport/ckexport/schema"
)

// witness tells which subjects of a set there are, that images must be there for.
// A run that does not keep what it needs cannot tell.
type witness struct {
	subject criu.Subject
	needs   need
	// find calls demand for each subject, with the number in the name of its image.
	find func(s *imageSet, demand func(number uint64))
}

// witnesses lists one for each subject, in the order in which they are told.
var witnesses = []witness{
	{criu.AnySet, needs(), func(s *imageSet, demand func(uint64)) { demand(0) }},
	{criu.FullSet, needs(inventoryFact), whether(func(s *imageSet) bool { return !s.isPreDump() })},
	{criu.PreDump, needs(inventoryFact), whether((*imageSet).isPreDump)},
	{criu.TreeProcess, needs(treeFact), (*imageSet).demandOfTree},
	{criu.LiveThread, needs(treeFact, coresFact), (*imageSet).demandOfThreads},
	{criu.LiveProcess, needs(treeFact, coresFact), (*imageSet).demandOfLiving},
	{criu.ProcessWithoutIDs, needs(treeFact, coresFact), (*imageSet).demandOfLivingWithoutIDs},
	{criu.DescriptorTable, needs(treeFact, idsFact), (*imageSet).demandOfDescriptors},
	{criu.MemoryPagemap, needs(treeFact, spacesFact), (*imageSet).demandOfPagemaps},
	{criu.SharedPagemap, needs(sharedPagemapsFact), (*imageSet).demandOfSharedPagemaps},
	{criu.SharedObject, needs(treeFact, spacesFact, filesFact, segmentsFact), (*imageSet).demandOfSharedObjects},
	{criu.SysVSegment, needs(treeFact, spacesFact), whether((*imageSet).hasSysVMapping)},
	{criu.OpenFiles, needs(treeFact, coresFact), whether(func(s *imageSet) bool { return len(s.livingTasks()) > 0 })},
	{criu.Memfds, needs(filesFact), whenFile(isMemfd)},
	{criu.BPFMaps, needs(filesFact), whenFile(isBPFMap)},
	{criu.Terminals, needs(filesFact), whenFile(isTerminal)},
	{criu.SavedFiles, needs(treeFact), whether((*imageSet).hasGhosts)},
	{criu.GhostFile, needs(filesFact), (*imageSet).demandOfRemaps},
	{criu.ConnectedSocket, needs(inventoryFact, filesFact), (*imageSet).demandOfSockets},
	{criu.SeccompFilters, needs(treeFact, coresFact), whether((*imageSet).hasFilteredThread)},
	{criu.ControlGroups, needs(inventoryFact, treeFact, coresFact), whether((*imageSet).hasOwnCgroup)},
	{criu.TimeNamespace, needs(treeFact, idsFact), whether((*imageSet).hasTimeNamespace)},
	{criu.UTSNamespace, needs(inventoryFact, treeFact, idsFact), ownNamespaces("uts")},
	{criu.IPCNamespace, needs(inventoryFact, treeFact, idsFact), ownNamespaces("ipc")},
	{criu.MountNamespace, needs(inventoryFact, treeFact, idsFact), ownNamespaces("mnt")},
	{criu.UserNamespace, needs(inventoryFact, treeFact, idsFact), ownNamespaces("user")},
	{criu.ExternalNetwork, needs(inventoryFact, treeFact, idsFact, metadataMembers), (*imageSet).demandOfGivenNetworks},
	{criu.DumpedNetwork, needs(inventoryFact, treeFact, idsFact, networksFact), (*imageSet).demandOfDumpedNetworks},
	{criu.TmpfsMount, needs(mountsFact), (*imageSet).demandOfMounts},
}

// whether makes a witness of a condition that holds for the set as a whole.
func whether(holds func(*imageSet) bool) func(*imageSet, func(uint64)) {
	return func(s *imageSet, demand func(uint64)) {
		if holds(s) {
			demand(0)
		}
	}
}

// whenFile makes a witness of a kind of open files.
func whenFile(is func(*openFile) bool) func(*imageSet, func(uint64)) {
	return whether(func(s *imageSet) bool {
		for _, f := range s.files().order {
			if is(f) {
				return true
			}
		}
		return false
	})
}

// missingImages notes the images that others of the set prove to be missing. Of
// an archive, or a stream, that could not be read to its end that is not known.
func (s *imageSet) missingImages() {
	if s.endedEarly || s.streamFailed || len(s.images)+len(s.ghosts) == 0 && !s.memory.HasPages() {
		return
	}
	told := map[string]bool{}
	for _, w := range witnesses {
		if !s.decoder.plan.covers(w.needs) {
			continue
		}
		required := criu.RequiredBy(w.subject)
		s.guard("", func() {
			w.find(s, func(number uint64) {
				for _, r := range required {
					s.requireImage(w.subject, r, number, told)
				}
			})
		})
	}
}

// requireImage notes an image that is not there. One that is, but could not be
// read, was told of before.
func (s *imageSet) requireImage(subject criu.Subject, r criu.Requirement, number uint64, told map[string]bool) {
	name := criu.ImageName(r.Kind, number)
	if told[name] || s.isThere(name) || r.Any && s.hasKind(r.Kind) || r.Instead != "" && s.hasKind(r.Instead) {
		return
	}
	told[name] = true
	s.problem(schema.Problem{Member: text(s.joinDir(name)), Severity: Error, Code: MissingImage,
		Message: fmt.Sprintf("%s is not there; it belongs to %s", name, subject)})
}

// isThere reports whether the set has an image of that name, whether it could be
// read or not.
func (s *imageSet) isThere(name string) bool { return s.seen[site{s.site.archive, s.joinDir(name)}] }

// isPreDump reports whether the set is what criu pre-dump leaves: memory, and
// nothing of the processes.
func (s *imageSet) isPreDump() bool {
	if i := s.inventory(); i != nil {
		return i.PreDumpMode != nil || i.GetImgVersion() == 0 && i.RootIds == nil
	}
	for _, kind := range []string{"PSTREE", "CORE", "MM", "FILES", "IDS", "FS", "FDINFO"} { // before CRIU 3.13 it left no inventory
		if s.hasKind(kind) {
			return false
		}
	}
	return true
}
