package decode

import (
	"fmt"
	"strings"

	"github.com/checkpoint-restore/go-criu/v8/crit/images/mnt"

	"github.com/ckexport/ckexport/pipeline/criu"
	"github.com/ckexport/ckexport/pipeline/kernel"
	"github.com/ckexport/ckexport/schema"
)

// mountTable is what mountpoints-*.img tell.
type mountTable struct {
	mounts   []mount
	byDevice map[uint32]string // mount point of a whole file system
	byID     map[uint32]string
}

// mount is a mount of a namespace.
type mount struct {
	namespace uint32
	entry     *mnt.MntEntry
}

// mounts returns the mounts of all mount namespaces.
func (s *imageSet) mounts() *mountTable {
	return s.facts.mounts.get(func() *mountTable {
		t := &mountTable{byDevice: map[uint32]string{}, byID: map[uint32]string{}}
		for _, img := range s.ofKind("MNTS") {
			seen := map[uint32]bool{}
			each(s, img, func(_ *entry, m *mnt.MntEntry) {
				if seen[m.GetMntId()] {
					s.rowProblem("mounts", fmt.Sprintf("mnt_ns_id=%d,mount_id=%d", img.number, m.GetMntId()), Error, DuplicateObject,
						"the id occurs twice in "+img.name+"; only the first mount was decoded")
					return
				}
				seen[m.GetMntId()] = true
				t.mounts = append(t.mounts, mount{uint32(img.number), m})
				t.byID[m.GetMntId()] = m.GetMountpoint()
				// several mounts may show a file system: the one of all of it counts
				if _, known := t.byDevice[m.GetRootDev()]; m.GetRoot() == "/" || !known {
					t.byDevice[m.GetRootDev()] = m.GetMountpoint()
				}
			})
		}
		return t
	})
}

// decodeMounts fills mounts.
func (s *imageSet) decodeMounts() {
	for _, m := range s.mounts().mounts {
		add(&s.notes, &s.rows.Mounts, s.mountRow(m.namespace, m.entry))
	}
}

func (s *imageSet) mountRow(namespace uint32, m *mnt.MntEntry) schema.Mount {
	row := schema.Mount{
		MntNsID: namespace, MountID: m.GetMntId(), ParentMountID: m.GetParentMntId(), Mountpoint: optionalText(m.Mountpoint),
		Root: optionalText(m.Root), FSType: fsType(m), FSTypeCode: uint32(m.GetFstype()), Source: optionalText(m.Source),
		Options: optionalText(m.Options), Device: kernelDevice(m.RootDev), MountFlags: optionalFlags(&criu.MountFlags, m.Flags),
		SbFlags: optionalFlags(&criu.MountFlags, m.SbFlags), ReadOnly: m.GetFlags()&kernel.MS_RDONLY != 0,
		ExternalKey: optionalText(m.ExtKey), ExternalMount: m.ExtMount, WithPlugin: m.WithPlugin, InternalShare: m.InternalSharing,
		Deleted: m.Deleted, IsBind: m.GetRoot() != "/", Propagation: propagation(m),
	}
	if m.GetSharedId() != 0 {
		row.SharedGroup = m.SharedId
	}
	if m.GetMasterId() != 0 {
		row.MasterGroup = m.MasterId
	}
	if m.GetRoot() != "/" {
		return row
	}
	for _, name := range []string{fmt.Sprintf("tmpfs-dev-%d.tar.gz.img", m.GetRootDev()), fmt.Sprintf("tmpfs-%d.tar.gz.img", m.GetMntId())} {
		if member := s.joinDir(name); s.seen[site{s.site.archive, member}] {
			row.ContentMember = ptr(plain(member))
		}
	}
	return row
}

// joinDir returns the name in the archive of an image of the set.
func (s *imageSet) joinDir(name string) string {
	if s.dir == "" {
		return name
	}
	return s.dir + "/" + name
}

// fsType names the file system as mountinfo does. AUTO has its name beside it,
// as has UNSUPPORTED unless the mount is the host's.
func fsType(m *mnt.MntEntry) schema.Text {
	switch mnt.Fstype(m.GetFstype()) {
	case mnt.Fstype_AUTO, mnt.Fstype_UNSUPPORTED:
		return optionalText(m.Fsname)
	}
	return text(criu.FSType.Name(uint64(m.GetFstype())))
}

// propagation names how mounts below spread, as mountinfo's optional fields do.
func propagation(m *mnt.MntEntry) string {
	var kinds []string
	if m.GetSharedId() != 0 || m.GetFlags()&kernel.MS_SHARED != 0 {
		kinds = append(kinds, "shared")
	}
	if m.GetMasterId() != 0 || m.GetFlags()&kernel.MS_SLAVE != 0 {
		kinds = append(kinds, "slave")
	}
	if m.GetFlags()&kernel.MS_UNBINDABLE != 0 {
		kinds = append(kinds, "unbindable")
	}
	if len(kinds) == 0 {
		return "private"
	}
	return strings.Join(kinds, ",")
}
