package schema

// ProcessNamespace is the namespace of one kind that a process is in.
type ProcessNamespace struct {
	_ struct{} `table:"process_namespaces" key:"checkpoint_id pid kind" doc:"The namespace of a kind that a process is in."`
	_ struct{} `compare:"pid kind" show:"shared_with_dumper"`
	_ struct{} `ref:"kind namespace_id to namespaces(kind namespace_id)"`

	PID            uint32 `arrow:"pid" ref:"processes(pid)" doc:"process"`
	Kind           string `arrow:"kind" sensitive:"no" doc:"pid, net, ipc, uts, mnt, user, cgroup, time"`
	NamespaceID    uint32 `arrow:"namespace_id" compare:"no" doc:"CRIU's number of the namespace, within the checkpoint" src:"ids-*.img: task_kobj_ids_entry"`
	SharedWithHost *bool  `arrow:"shared_with_dumper" doc:"CRIU itself was in it: for a container engine, the host's namespace; NULL where the inventory does not tell" src:"inventory.img: inventory_entry.root_ids"`
}

// Namespace is one namespace that the checkpoint refers to.
type Namespace struct {
	_ struct{} `table:"namespaces" key:"checkpoint_id kind namespace_id" doc:"A namespace that the checkpoint refers to."`
	_ struct{} `compare:"kind external_key" show:"is_dumper hostname"`

	Kind        string   `arrow:"kind" sensitive:"no" doc:"pid, net, ipc, uts, mnt, user, cgroup, time"`
	NamespaceID uint32   `arrow:"namespace_id" compare:"no" doc:"CRIU's number of it, within the checkpoint"`
	IsDumper    bool     `arrow:"is_dumper" doc:"CRIU itself was in it" src:"inventory.img: inventory_entry.root_ids"`
	HasImages   bool     `arrow:"has_images" doc:"an image of its content is in the checkpoint"`
	PIDs        []uint32 `arrow:"pids" was:"member_pids" ref:"processes(pid)" compare:"no" doc:"processes in it, ascending" src:"ids-*.img"`
	Hostname    Text     `arrow:"hostname" sensitive:"no" doc:"uts: host name" src:"utsns-*.img: utsns_entry.nodename"`
	Domainname  Text     `arrow:"domainname" sensitive:"no" doc:"uts: domain name; (none) if unset" src:"utsns-*.img: utsns_entry.domainname"`
	MonotonicNS *int64   `arrow:"monotonic_ns" compare:"no" doc:"time: monotonic clock at the dump, in nanoseconds" src:"timens-*.img: timens_entry.monotonic, timespec.tv_sec, tv_nsec"`
	BoottimeNS  *int64   `arrow:"boottime_ns" compare:"no" doc:"time: boot clock at the dump, in nanoseconds" src:"timens-*.img: timens_entry.boottime, timespec.tv_sec, tv_nsec"`
	ExternalKey Text     `arrow:"external_key" sensitive:"no" doc:"pid, net: the namespace is provided from outside, under this key" src:"pidns-*.img: pidns_entry.ext_key; netns-*.img: netns_entry.ext_key"`
	IsNested    *bool    `arrow:"is_nested" doc:"mnt, net: not that of the first process, so that the container holds several; NULL for other kinds, and where the first process's is not known" src:"ids-*.img"`
	LinkedNsIDs []uint32 `arrow:"linked_ns_ids" compare:"no" doc:"net: namespaces it has a number for; NULL where the checkpoint does not have its content" src:"netns-*.img: netns_entry.nsids, netns_id.target_ns_id"`
	LinkedNsids []int32  `arrow:"linked_nsids" compare:"no" doc:"net: those numbers, by position: how a link's other end names the namespace it is in" src:"netns-*.img: netns_id.netnsid_value"`
}

// Mount is one mount of a mount namespace.
type Mount struct {
	_ struct{} `table:"mounts" key:"checkpoint_id mnt_ns_id mount_id" doc:"A mount of a mount namespace."`
	_ struct{} `compare:"mountpoint" show:"fs_type source root options"`

	MntNsID       uint32  `arrow:"mnt_ns_id" ref:"namespaces(namespace_id) of kind mnt" compare:"no" doc:"mount namespace" src:"mountpoints-*.img: name"`
	MountID       uint32  `arrow:"mount_id" compare:"no" doc:"id of the mount" src:"mountpoints-*.img: mnt_entry.mnt_id"`
	ParentMountID uint32  `arrow:"parent_mount_id" compare:"no" doc:"mount it stands on" src:"mountpoints-*.img: mnt_entry.parent_mnt_id"`
	Mountpoint    Text    `arrow:"mountpoint" sensitive:"no" doc:"path in the namespace" src:"mountpoints-*.img: mnt_entry.mountpoint"`
	Root          Text    `arrow:"root" sensitive:"no" doc:"path within the file system that is mounted" src:"mountpoints-*.img: mnt_entry.root"`
	FSType        Text    `arrow:"fs_type" sensitive:"no" doc:"file system, as mountinfo names it; NULL where CRIU kept none (bind mounts of the host)" src:"mountpoints-*.img: mnt_entry.fstype, fsname"`
	FSTypeCode    uint32  `arrow:"fs_type_code" doc:"CRIU's number of the file system" src:"mountpoints-*.img: mnt_entry.fstype"`
	Source        Text    `arrow:"source" encode:"bloom" sensitive:"no" doc:"what is mounted: a device, or a name, as in /proc/PID/mountinfo" src:"mountpoints-*.img: mnt_entry.source"`
	Options       Text    `arrow:"options" sensitive:"args:options" doc:"options of the file system, without rw and ro; uid= and gid= are the container's" src:"mountpoints-*.img: mnt_entry.options"`
	Device        Device  `arrow:"device" compare:"no" doc:"device" src:"mountpoints-*.img: mnt_entry.root_dev"`
	MountFlags    Flags   `arrow:"mount_flags" doc:"flags of the mount (MS_*)" src:"mountpoints-*.img: mnt_entry.flags"`
	SbFlags       Flags   `arrow:"sb_flags" doc:"flags of the file system (MS_*); NULL in old images" src:"mountpoints-*.img: mnt_entry.sb_flags"`
	ReadOnly      bool    `arrow:"read_only" doc:"the mount is read-only" src:"mountpoints-*.img: mnt_entry.flags"`
	SharedGroup   *uint32 `arrow:"shared_group" compare:"no" doc:"peer group it shares mounts with; NULL if none" src:"mountpoints-*.img: mnt_entry.shared_id"`
	MasterGroup   *uint32 `arrow:"master_group" compare:"no" doc:"peer group it receives mounts from; NULL if none" src:"mountpoints-*.img: mnt_entry.master_id"`
	Propagation   string  `arrow:"propagation" sensitive:"no" doc:"private, shared, slave, shared,slave, or unbindable"`
	ExternalKey   Text    `arrow:"external_key" sensitive:"no" doc:"the mount is provided from outside at restore, under this key" src:"mountpoints-*.img: mnt_entry.ext_key"`
	ExternalMount *bool   `arrow:"external_mount" doc:"the same of old images" src:"mountpoints-*.img: mnt_entry.ext_mount"`
	WithPlugin    *bool   `arrow:"with_plugin" doc:"a CRIU plugin handles it" src:"mountpoints-*.img: mnt_entry.with_plugin"`
	InternalShare *bool   `arrow:"internal_sharing" doc:"shared within the container only" src:"mountpoints-*.img: mnt_entry.internal_sharing"`
	Deleted       *bool   `arrow:"deleted" doc:"what is mounted has been deleted" src:"mountpoints-*.img: mnt_entry.deleted"`
	IsBind        bool    `arrow:"is_bind" doc:"only a part of the file system is mounted: root is not /"`
	ContentMember *string `arrow:"content_member" ref:"archive_members(clean_path)" compare:"no" sensitive:"no" doc:"image with the content of a tmpfs, see filesystem_entries"`
}

// CgroupMembership is the place of a set of control groups in one hierarchy.
type CgroupMembership struct {
	_ struct{} `table:"cgroup_memberships" key:"checkpoint_id cg_set hierarchy" doc:"The place of a set of control groups in a hierarchy."`
	_ struct{} `compare:"hierarchy" show:"path"`

	CgSet           uint32  `arrow:"cg_set" compare:"no" doc:"set; processes and threads name the one they are in" src:"cgroup.img: cg_set_entry.id"`
	Hierarchy       Text    `arrow:"hierarchy" sensitive:"no" doc:"controllers, name=..., or empty for the unified hierarchy" src:"cgroup.img: cg_member_entry.name"`
	CgroupVersion   uint32  `arrow:"cgroup_version" doc:"1, or 2 for the unified hierarchy"`
	Path            Text    `arrow:"path" encode:"bloom" sensitive:"no" doc:"control group" src:"cgroup.img: cg_member_entry.path"`
	NamespacePrefix *uint32 `arrow:"namespace_prefix_length" doc:"bytes of path that are above the cgroup namespace's root" src:"cgroup.img: cg_member_entry.cgns_prefix"`
	PathInNamespace Text    `arrow:"path_in_namespace" sensitive:"no" doc:"path below that root"`
}
