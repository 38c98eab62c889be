package criu

import (
	"errors"
	"slices"
)

// Subject is what an image set tells of, and what therefore must have images.
type Subject string

// The subjects. The comment says which number the names of their images have;
// an image for the whole set has none.
const (
	AnySet            Subject = "every set"
	FullSet           Subject = "a set of processes"                       // not what a pre-dump leaves
	PreDump           Subject = "a pre-dump"                               // any number
	TreeProcess       Subject = "every process of the tree"                // pid
	LiveProcess       Subject = "every process that is alive"              // pid
	ProcessWithoutIDs Subject = "a process whose core image has no ids"    // pid
	LiveThread        Subject = "every thread"                             // thread id
	DescriptorTable   Subject = "the descriptors of a process"             // files id
	MemoryPagemap     Subject = "the page map of a process"                // pages id
	SharedPagemap     Subject = "the page map of a shared object"          // pages id
	SharedObject      Subject = "a shared object of memory"                // shmem id
	OpenFiles         Subject = "processes that are alive"                 // none
	Memfds            Subject = "a memfd"                                  // none
	BPFMaps           Subject = "a BPF map"                                // none
	Terminals         Subject = "an open terminal"                         // none
	SavedFiles        Subject = "the image of a deleted file"              // none
	GhostFile         Subject = "a deleted file that is open"              // ghost id
	ConnectedSocket   Subject = "a connected TCP socket"                   // inode
	SeccompFilters    Subject = "a thread with a filter"                   // none
	ControlGroups     Subject = "a process in another cgroup than CRIU"    // none
	TimeNamespace     Subject = "a process with a time namespace"          // any number
	UTSNamespace      Subject = "a UTS namespace that is not the host's"   // namespace
	IPCNamespace      Subject = "an IPC namespace that is not the host's"  // namespace
	MountNamespace    Subject = "a mount namespace that is not the host's" // namespace
	UserNamespace     Subject = "a user namespace that is not the host's"  // namespace
	ExternalNetwork   Subject = "a network namespace that the engine made" // namespace
	DumpedNetwork     Subject = "a network namespace that was dumped"      // namespace
	SysVSegment       Subject = "a mapped System V segment"                // any number
	TmpfsMount        Subject = "a mounted tmpfs"                          // device
)

// Requirement says that images of a kind must be there for a subject.
type Requirement struct {
	Subject Subject
	Kind    string
	// Instead is a kind that does as well: that of an older version.
	Instead string
	// Any says that an image of any number will do.
	Any bool
}

// requirements lists what CRIU writes in any case, and what it writes because of
// what another image has. What it writes only if there is something to write, and
// no other image refers to, is not here: nothing tells whether it was there.
// Source: CRIU criu/cr-dump.c, cr_dump_tasks, and what that calls.
var requirements = []Requirement{
	{Subject: AnySet, Kind: "INVENTORY"},
	{Subject: FullSet, Kind: "PSTREE"},
	{Subject: PreDump, Kind: "PAGEMAP", Any: true},
	{Subject: TreeProcess, Kind: "CORE"},
	{Subject: LiveThread, Kind: "CORE"},
	{Subject: ProcessWithoutIDs, Kind: "IDS"},
	{Subject: LiveProcess, Kind: "MM"},
	{Subject: LiveProcess, Kind: "FS"},
	{Subject: LiveProcess, Kind: "PAGEMAP"},
	{Subject: DescriptorTable, Kind: "FDINFO"},
	{Subject: MemoryPagemap, Kind: "PAGES"},
	{Subject: SharedPagemap, Kind: "PAGES"},
	{Subject: SharedObject, Kind: "SHMEM_PAGEMAP"},
	{Subject: SysVSegment, Kind: "IPCNS_SHM", Any: true},
	{Subject: OpenFiles, Kind: "FILES", Instead: "REG_FILES"},
	{Subject: Memfds, Kind: "MEMFD_INODE"},
	{Subject: BPFMaps, Kind: "BPFMAP_DATA"},
	{Subject: Terminals, Kind: "TTY_INFO"},
	{Subject: SavedFiles, Kind: "REMAP_FPATH"},
	{Subject: GhostFile, Kind: "GHOST_FILE"},
	{Subject: ConnectedSocket, Kind: "TCP_STREAM"},
	{Subject: SeccompFilters, Kind: "SECCOMP"},
	{Subject: ControlGroups, Kind: "CGROUP"},
	{Subject: TimeNamespace, Kind: "TIMENS", Any: true},
	{Subject: UTSNamespace, Kind: "UTSNS"},
	{Subject: IPCNamespace, Kind: "IPC_VAR"},
	{Subject: MountNamespace, Kind: "MNTS"},
	{Subject: UserNamespace, Kind: "USERNS"},
	{Subject: ExternalNetwork, Kind: "NETNS"},
	{Subject: DumpedNetwork, Kind: "NETNS"},
	{Subject: DumpedNetwork, Kind: "NETDEV"},
	{Subject: DumpedNetwork, Kind: "IFADDR"},
	{Subject: DumpedNetwork, Kind: "ROUTE"},
	{Subject: TmpfsMount, Kind: "TMPFS"},
}

// RequiredBy returns the images that must be there for a subject.
func RequiredBy(s Subject) []Requirement {
	var list []Requirement
	for _, r := range requirements {
		if r.Subject == s {
			list = append(list, r)
		}
	}
	return list
}

// openedEarly lists the kinds of which CRIU makes an image before it knows
// whether there will be an entry. Others it makes with their first entry.
var openedEarly = []string{"FDINFO", "IRMAP_CACHE", "BINFMT_MISC"}

// CheckEntries returns an error where an image ended without an entry that must
// have one. Versions with the older layout made images of everything.
func (r *Reader) CheckEntries(kind Kind) error {
	if r.Entries > 0 || r.Layout != LayoutV1_1 && r.Layout != LayoutService || slices.Contains(openedEarly, kind.Name) {
		return nil
	}
	return r.truncation(r.Entries, errors.New("the image has no entry"))
}
