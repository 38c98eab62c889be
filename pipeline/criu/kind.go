package criu

import (
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/checkpoint-restore/go-criu/v8/magic"
)

// NumberKind says what the number in an image's name is.
type NumberKind string

// What the numbers in image names are.
const (
	NoNumber    NumberKind = ""
	PID         NumberKind = "pid"
	TID         NumberKind = "tid"
	FilesID     NumberKind = "files_id"
	ShmemID     NumberKind = "shmem_id"
	PagesID     NumberKind = "pages_id"
	NamespaceID NumberKind = "namespace_id"
	DeviceID    NumberKind = "device" // major<<20 | minor
	MountID     NumberKind = "mount_id"
	GhostID     NumberKind = "ghost_id"
	SocketInode NumberKind = "socket_inode"
	PluginID    NumberKind = "plugin_id"
)

// Kind is a kind of image.
type Kind struct {
	// Name is CRIU's name of the kind (CORE, MM, ...), or for images of other
	// formats a name in the same style (PAGES, IPTABLES, ...).
	Name string
	// Raw is set for images without CRIU's framing.
	Raw bool
	// Number says what the number in the name is, Hex that it is hexadecimal.
	Number NumberKind
	Hex    bool

	prefix, suffix string
	magicName      string // where it differs from Name
	several        bool   // more numbers follow the first in the name, after dashes
}

// kinds lists the kinds of images by name pattern: prefix, number, suffix.
// Longer prefixes come before shorter ones that they begin with.
// Source: CRIU criu/image-desc.c and the plugins' file names.
var kinds = []Kind{
	{Name: "INVENTORY", prefix: "inventory"},
	{Name: "PSTREE", prefix: "pstree"},
	{Name: "FILES", prefix: "files"},
	{Name: "SECCOMP", prefix: "seccomp"},
	{Name: "CGROUP", prefix: "cgroup"},
	{Name: "FILE_LOCKS", prefix: "filelocks"},
	{Name: "REMAP_FPATH", prefix: "remap-fpath"},
	{Name: "MEMFD_INODE", prefix: "memfd"},
	{Name: "TTY_INFO", prefix: "tty-info"},
	{Name: "TTY_DATA", prefix: "tty-data"},
	{Name: "PIPES_DATA", prefix: "pipes-data"},
	{Name: "FIFO_DATA", prefix: "fifo-data"},
	{Name: "SK_QUEUES", prefix: "sk-queues"},
	{Name: "APPARMOR", prefix: "apparmor"},
	{Name: "CPUINFO", prefix: "cpuinfo"},
	{Name: "BPFMAP_DATA", prefix: "bpfmap-data"},
	{Name: "STATS", prefix: "stats-dump"},
	{Name: "STATS", prefix: "stats-restore"},
	{Name: "IRMAP_CACHE", prefix: "irmap-cache"},
	{Name: "CORE", prefix: "core-", Number: TID},
	{Name: "IDS", prefix: "ids-", Number: PID},
	{Name: "MM", prefix: "mm-", Number: PID},
	{Name: "FS", prefix: "fs-", Number: PID},
	{Name: "SHMEM_PAGEMAP", prefix: "pagemap-shmem-", Number: ShmemID, magicName: "PAGEMAP"},
	{Name: "PAGEMAP", prefix: "pagemap-", Number: PID},
	{Name: "PAGES", prefix: "pages-", Number: PagesID, Raw: true},
	{Name: "FDINFO", prefix: "fdinfo-", Number: FilesID},
	{Name: "UTSNS", prefix: "utsns-", Number: NamespaceID},
	{Name: "IPC_VAR", prefix: "ipcns-var-", Number: NamespaceID},
	{Name: "IPCNS_SHM", prefix: "ipcns-shm-", Number: NamespaceID},
	{Name: "IPCNS_MSG", prefix: "ipcns-msg-", Number: NamespaceID},
	{Name: "IPCNS_SEM", prefix: "ipcns-sem-", Number: NamespaceID},
	{Name: "MNTS", prefix: "mountpoints-", Number: NamespaceID},
	{Name: "NETDEV", prefix: "netdev-", Number: NamespaceID},
	{Name: "NETNS_CT", prefix: "netns-ct-", Number: NamespaceID, Raw: true},
	{Name: "NETNS_EXP", prefix: "netns-exp-", Number: NamespaceID, Raw: true},
	{Name: "NETNS", prefix: "netns-", Number: NamespaceID},
	{Name: "USERNS", prefix: "userns-", Number: NamespaceID},
	{Name: "TIMENS", prefix: "timens-", Number: NamespaceID},
	{Name: "PIDNS", prefix: "pidns-", Number: NamespaceID},
	{Name: "IFADDR", prefix: "ifaddr-", Number: NamespaceID, Raw: true},
	{Name: "ROUTE", prefix: "route-", Number: NamespaceID, Raw: true},
	{Name: "ROUTE6", prefix: "route6-", Number: NamespaceID, Raw: true},
	{Name: "RULE", prefix: "rule-", Number: NamespaceID, Raw: true},
	{Name: "IPTABLES", prefix: "iptables-", Number: NamespaceID, Raw: true},
	{Name: "IP6TABLES", prefix: "ip6tables-", Number: NamespaceID, Raw: true},
	{Name: "NFTABLES", prefix: "nftables-", Number: NamespaceID, Raw: true},
	{Name: "TCP_STREAM", prefix: "tcp-stream-", Number: SocketInode, Hex: true},
	{Name: "GHOST_FILE", prefix: "ghost-file-", Number: GhostID, Hex: true},
	{Name: "TMPFS", prefix: "tmpfs-dev-", suffix: ".tar.gz", Number: DeviceID, Raw: true},
	{Name: "TMPFS_MNT", prefix: "tmpfs-", suffix: ".tar.gz", Number: MountID, Raw: true},
	{Name: "AUTOFS", prefix: "autofs-", Number: DeviceID},
	{Name: "BINFMT_MISC", prefix: "binfmt-misc-", Number: DeviceID},
	{Name: "BINFMT_MISC", prefix: "binfmt-misc"},

	// the layout before files.img
	{Name: "REG_FILES", prefix: "reg-files"},
	{Name: "EXT_FILES", prefix: "ext-files"},
	{Name: "NS_FILES", prefix: "ns-files"},
	{Name: "EVENTFD_FILE", prefix: "eventfd"},
	{Name: "EVENTPOLL_FILE", prefix: "eventpoll"},
	{Name: "EVENTPOLL_TFD", prefix: "eventpoll-tfd"},
	{Name: "SIGNALFD", prefix: "signalfd"},
	{Name: "INOTIFY_FILE", prefix: "inotify"},
	{Name: "INOTIFY_WD", prefix: "inotify-wd"},
	{Name: "FANOTIFY_FILE", prefix: "fanotify"},
	{Name: "FANOTIFY_MARK", prefix: "fanotify-mark"},
	{Name: "PIPES", prefix: "pipes"},
	{Name: "FIFO", prefix: "fifo"},
	{Name: "UNIXSK", prefix: "unixsk"},
	{Name: "INETSK", prefix: "inetsk"},
	{Name: "PACKETSK", prefix: "packetsk"},
	{Name: "NETLINK_SK", prefix: "netlinksk"},
	{Name: "TTY_FILES", prefix: "tty"},
	{Name: "TUNFILE", prefix: "tunfile"},
	{Name: "TIMERFD", prefix: "timerfd"},
	{Name: "BPFMAP_FILE", prefix: "bpfmap-file"},
	{Name: "VMAS", prefix: "vmas-", Number: PID},
	{Name: "SIGACT", prefix: "sigacts-", Number: PID},
	{Name: "CREDS", prefix: "creds-", Number: PID},
	{Name: "ITIMERS", prefix: "itimers-", Number: PID},
	{Name: "POSIX_TIMERS", prefix: "posix-timers-", Number: PID},
	{Name: "RLIMIT", prefix: "rlimit-", Number: PID},
	{Name: "SIGNAL", prefix: "signal-s-", Number: PID},
	{Name: "PSIGNAL", prefix: "signal-p-", Number: TID, magicName: "SIGNAL"},

	// plugins
	{Name: "AMDGPU_KFD", prefix: "amdgpu-kfd-", Number: PluginID, Raw: true},
	{Name: "AMDGPU_RENDERD", prefix: "amdgpu-renderD-", Number: PluginID, Raw: true},
	{Name: "AMDGPU_DMABUF", prefix: "amdgpu-dmabuf_", Number: PluginID, Raw: true},
	{Name: "AMDGPU_PAGES", prefix: "amdgpu-pages-", Number: PluginID, Raw: true, several: true},
	{Name: "AMDGPU_PAGES", prefix: "amdgpu-drm-pages-", Number: PluginID, Raw: true, several: true},
}

// byName finds fixed names at once; byPrefix holds the numbered ones.
var byName, byPrefix = func() (map[string]*Kind, []*Kind) {
	names, prefixes := map[string]*Kind{}, []*Kind(nil)
	for i := range kinds {
		if kinds[i].Number == NoNumber {
			names[kinds[i].prefix] = &kinds[i]
		} else {
			prefixes = append(prefixes, &kinds[i])
		}
	}
	return names, prefixes
}()

// KindOf returns the kind of the image with that base name and the number in
// the name. The service images stats-dump and irmap-cache may lack the ending
// .img. ok is false where the name is not one of an image.
func KindOf(name string) (kind Kind, number uint64, ok bool) {
	stem, isImage := strings.CutSuffix(name, ".img")
	if k, found := byName[stem]; found && (isImage || k.Name == "STATS" || k.Name == "IRMAP_CACHE") {
		return *k, 0, true
	}
	if !isImage {
		return Kind{}, 0, false
	}
	for _, k := range byPrefix {
		digits, found := strings.CutPrefix(stem, k.prefix)
		if !found {
			continue
		}
		if digits, found = strings.CutSuffix(digits, k.suffix); !found {
			continue
		}
		if k.several {
			digits, _, _ = strings.Cut(digits, "-")
		}
		base := 10
		if k.Hex {
			base = 16
		}
		n, err := strconv.ParseUint(digits, base, 64)
		if err != nil {
			continue
		}
		return *k, n, true
	}
	return Kind{}, 0, false
}

// ImageName returns the name of the image of a kind, as KindOf reads it; the
// number is left out of names that have none.
func ImageName(kind string, number uint64) string {
	for i := range kinds {
		k := &kinds[i]
		if k.Name != kind {
			continue
		}
		name := k.prefix
		switch {
		case k.Number == NoNumber:
		case k.Hex:
			name += strconv.FormatUint(number, 16)
		default:
			name += strconv.FormatUint(number, 10)
		}
		return name + k.suffix + ".img"
	}
	return strings.ToLower(kind) + ".img"
}

// magics maps kind names to type magics: go-criu's table.
var magics = sync.OnceValue(func() map[string]uint64 { return magic.LoadMagic().ByName })

// Magic returns the type magic of the kind; ok is false for raw kinds, and for
// kinds whose magic the table lacks.
func (k Kind) Magic() (m uint32, ok bool) {
	if k.Raw {
		return 0, false
	}
	name := k.magicName
	if name == "" {
		name = k.Name
	}
	v, ok := magics()[name]
	return uint32(v), ok
}

// checkMagic compares the type magic of an image with what its name demands.
func (k Kind) checkMagic(got uint32) error {
	want, ok := k.Magic()
	if ok && got != want {
		return fmt.Errorf("type magic is %#x, want %#x for %s", got, want, k.Name)
	}
	return nil
}
