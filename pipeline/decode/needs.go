package decode

import (
	"slices"

	"github.com/ckexport/ckexport/pipeline/layout"
	"github.com/ckexport/ckexport/pipeline/memory"
	"github.com/ckexport/ckexport/schema"
)

// need is what must be kept of an archive while it passes by: images by their
// kinds, and other members by their roles. Of everything else that is part of
// the checkpoint's identity a digest is made, and the rest is passed over.
type need struct {
	kinds []string
	roles []layout.Role
	all   bool
}

// The facts that families share, by what each reads. See facts.
var (
	inventoryFact      = images("INVENTORY")
	treeFact           = images("PSTREE")
	coresFact          = images("CORE", "CREDS", "SIGACT", "RLIMIT", "ITIMERS", "POSIX_TIMERS", "SIGNAL", "PSIGNAL")
	idsFact            = needs(coresFact, images("IDS"))
	spacesFact         = needs(treeFact, images("MM", "VMAS", "PAGEMAP"))
	textsFact          = needs(inventoryFact, spacesFact) // and a line of pageConsumers
	foldersFact        = images("FS")
	filtersFact        = images("SECCOMP")
	idMapsFact         = images("USERNS")
	queuesFact         = images("SK_QUEUES")
	mountsFact         = images("MNTS")
	networksFact       = images("NETNS")
	devicesFact        = images("NETDEV")
	segmentsFact       = images("IPCNS_SHM")
	sharedPagemapsFact = needs(spacesFact, images("SHMEM_PAGEMAP"))
	contentSpacesFact  = needs(inventoryFact, spacesFact, filesFact, segmentsFact, sharedPagemapsFact) // and a line of pageConsumers
	filesFact          = needs(inventoryFact, treeFact, idsFact, images("FILES", "MEMFD_INODE", "REMAP_FPATH", "FDINFO"), oldFiles)
	oldFiles           = images("REG_FILES", "EXT_FILES", "NS_FILES", "EVENTFD_FILE", "EVENTPOLL_FILE", "EVENTPOLL_TFD", "SIGNALFD", "INOTIFY_FILE", "INOTIFY_WD",
		"FANOTIFY_FILE", "FANOTIFY_MARK", "PIPES", "FIFO", "UNIXSK", "INETSK", "PACKETSK", "NETLINK_SK", "TTY_FILES", "TUNFILE", "TIMERFD")
	namespacesFact     = needs(inventoryFact, treeFact, idsFact, filesFact, networksFact, images("TIMENS", "UTSNS", "PIDNS"))
	metadataMembers    = members(layout.Metadata, layout.PodMetadata)
	criuLogMember      = members(layout.CRIULog)
	containerLogMember = members(layout.ContainerLog)
	capturedMembers    = members(layout.RootfsDiff, layout.DevShm, layout.Volume, layout.Artifact, layout.Tmpfs)
	ghostMembers       = members(layout.GhostFile)
	everything         = need{all: true}
)

func images(kinds ...string) need { return need{kinds: kinds} }

func members(roles ...layout.Role) need { return need{roles: roles} }

// needs joins needs.
func needs(list ...need) (joined need) {
	for _, n := range list {
		joined.kinds = append(joined.kinds, n.kinds...)
		joined.roles = append(joined.roles, n.roles...)
		joined.all = joined.all || n.all
	}
	return joined
}

// plan is what decoding does for the tables that are asked for.
type plan struct {
	families  []family
	consumers []func(*imageSet) memory.Consumer
	tables    map[string]bool      // that get rows
	asides    []*schema.Table      // of them, those that nobody asked for
	kinds     map[string]bool      // of images that are kept
	roles     map[layout.Role]bool // of other members that are read
	all       bool                 // whatever their kinds and roles
}

// planFor returns the plan for tables, nil are all, and kinds of content of
// memory. A table that tells of the whole archive, such as problems, has
// everything decoded, and the rows of what was not asked for dropped in the end:
// but for the content of memory, which is looked for only where it is asked for.
func planFor(wanted []*schema.Table, memoryKinds []string, scans bool) *plan {
	hasRows := func(t *schema.Table) bool {
		return (t.Memory == "" || slices.Contains(memoryKinds, t.Memory)) && (scans || !t.Scan)
	}
	if wanted == nil {
		wanted = schema.Tables()
	}
	p := &plan{tables: map[string]bool{}, kinds: map[string]bool{}, roles: map[layout.Role]bool{}}
	for _, t := range wanted {
		if hasRows(t) {
			p.tables[t.Name] = true
		}
	}
	if p.tables["memory_matches"] {
		p.decodeAside(scannedTables...)
	}
	if slices.ContainsFunc(families, func(f family) bool { return f.needs.all && p.hasAny(f.tables) }) {
		p.all = true
		for _, t := range schema.Tables() {
			if t.Memory == "" && !t.Scan {
				p.decodeAside(t.Name)
			}
		}
	}
	for _, f := range families {
		if !p.hasAny(f.tables) {
			continue
		}
		p.families = append(p.families, f)
		for _, k := range f.needs.kinds {
			p.kinds[k] = true
		}
		for _, r := range f.needs.roles {
			p.roles[r] = true
		}
	}
	for _, c := range pageConsumers {
		if p.hasAny(c.tables) {
			p.consumers = append(p.consumers, c.make)
		}
	}
	return p
}

// decodeAside has tables decoded that nobody may have asked for.
func (p *plan) decodeAside(names ...string) {
	for _, name := range names {
		if t, ok := schema.Lookup(name); ok && !p.tables[name] {
			p.tables[name] = true
			p.asides = append(p.asides, t)
		}
	}
}

func (p *plan) hasAny(tables []string) bool {
	return slices.ContainsFunc(tables, func(name string) bool { return p.tables[name] })
}

// wantsImage reports whether images of a kind are decoded.
func (p *plan) wantsImage(kind string) bool { return p.all || p.kinds[kind] }

// covers reports whether all of a need is kept.
func (p *plan) covers(n need) bool {
	isLeft := func(kind string) bool { return !p.wantsImage(kind) }
	return (p.all || !n.all) && !slices.ContainsFunc(n.kinds, isLeft) && !slices.ContainsFunc(n.roles, func(r layout.Role) bool { return !p.wants(r) })
}

// wants reports whether members of a role, other than images, are read.
func (p *plan) wants(r layout.Role) bool { return p.all || p.roles[r] }
