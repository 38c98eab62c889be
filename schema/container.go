package schema

// ContainerSpec is the OCI runtime specification of a checkpointed container.
type ContainerSpec struct {
	OCIVersion           *string  `arrow:"oci_version" doc:"version of the OCI runtime specification" src:"spec.dump: ociVersion"`
	Args                 []string `arrow:"args" sensitive:"args" doc:"command line asked for" src:"spec.dump: process.args"`
	Env                  []string `arrow:"env" sensitive:"env:assignment" doc:"environment asked for, NAME=value" src:"spec.dump: process.env"`
	Cwd                  *string  `arrow:"cwd" doc:"working directory" src:"spec.dump: process.cwd"`
	UID                  *uint32  `arrow:"uid" doc:"user of the first process, inside the container" src:"spec.dump: process.user.uid"`
	GID                  *uint32  `arrow:"gid" doc:"its group" src:"spec.dump: process.user.gid"`
	AdditionalGIDs       []uint32 `arrow:"additional_gids" doc:"its further groups" src:"spec.dump: process.user.additionalGids"`
	Umask                *uint32  `arrow:"umask" doc:"its file mode mask" src:"spec.dump: process.user.umask"`
	Terminal             *bool    `arrow:"terminal" doc:"a terminal is attached; absent is false" src:"spec.dump: process.terminal"`
	CapBounding          []string `arrow:"cap_bounding" doc:"bounding capabilities" src:"spec.dump: process.capabilities.bounding"`
	CapEffective         []string `arrow:"cap_effective" doc:"effective capabilities" src:"spec.dump: process.capabilities.effective"`
	CapPermitted         []string `arrow:"cap_permitted" doc:"permitted capabilities" src:"spec.dump: process.capabilities.permitted"`
	CapInheritable       []string `arrow:"cap_inheritable" doc:"inheritable capabilities" src:"spec.dump: process.capabilities.inheritable"`
	CapAmbient           []string `arrow:"cap_ambient" doc:"ambient capabilities" src:"spec.dump: process.capabilities.ambient"`
	NoNewPrivileges      *bool    `arrow:"no_new_privileges" doc:"setuid programs gain nothing; absent is false" src:"spec.dump: process.noNewPrivileges"`
	ApparmorProfile      *string  `arrow:"apparmor_profile" doc:"AppArmor profile" src:"spec.dump: process.apparmorProfile"`
	SelinuxLabel         *string  `arrow:"selinux_label" doc:"SELinux label of the process" src:"spec.dump: process.selinuxLabel"`
	MountLabel           *string  `arrow:"mount_label" doc:"SELinux label of the mounts" src:"spec.dump: linux.mountLabel"`
	OOMScoreAdj          *int32   `arrow:"oom_score_adj" doc:"preference of the out-of-memory killer, -1000 to 1000" src:"spec.dump: process.oomScoreAdj"`
	RootPath             *string  `arrow:"root_path" doc:"root file system on the host" src:"spec.dump: root.path"`
	RootReadonly         *bool    `arrow:"root_readonly" doc:"root file system is read-only; absent is false" src:"spec.dump: root.readonly"`
	Hostname             *string  `arrow:"hostname" doc:"host name asked for" src:"spec.dump: hostname"`
	CgroupsPath          *string  `arrow:"cgroups_path" doc:"control group" src:"spec.dump: linux.cgroupsPath"`
	MemoryLimitBytes     *int64   `arrow:"memory_limit_bytes" doc:"memory limit in bytes, -1 for none" src:"spec.dump: linux.resources.memory.limit"`
	MemoryReservation    *int64   `arrow:"memory_reservation_bytes" doc:"soft memory limit in bytes" src:"spec.dump: linux.resources.memory.reservation"`
	MemorySwapBytes      *int64   `arrow:"memory_swap_bytes" doc:"limit of memory and swap together, in bytes" src:"spec.dump: linux.resources.memory.swap"`
	CPUShares            *uint64  `arrow:"cpu_shares" doc:"relative weight of CPU time" src:"spec.dump: linux.resources.cpu.shares"`
	CPUQuotaUS           *int64   `arrow:"cpu_quota_us" doc:"CPU time per period, in microseconds" src:"spec.dump: linux.resources.cpu.quota"`
	CPUPeriodUS          *uint64  `arrow:"cpu_period_us" doc:"the period, in microseconds" src:"spec.dump: linux.resources.cpu.period"`
	CPUSetCPUs           *string  `arrow:"cpuset_cpus" doc:"processors allowed" src:"spec.dump: linux.resources.cpu.cpus"`
	CPUSetMems           *string  `arrow:"cpuset_mems" doc:"memory nodes allowed" src:"spec.dump: linux.resources.cpu.mems"`
	PidsLimit            *int64   `arrow:"pids_limit" doc:"limit of processes, -1 for none" src:"spec.dump: linux.resources.pids.limit"`
	Namespaces           []string `arrow:"namespaces" doc:"namespaces asked for: type, or type=path where an existing one is joined" src:"spec.dump: linux.namespaces"`
	HostNamespaces       []string `arrow:"host_namespaces" doc:"kinds among pid, network, ipc, uts, mount that the specification does not isolate, so that the host's are used" src:"spec.dump: linux.namespaces"`
	SeccompDefaultAction *string  `arrow:"seccomp_default_action" doc:"what seccomp does with system calls not listed; NULL without a profile" src:"spec.dump: linux.seccomp.defaultAction"`
	SeccompArchitectures []string `arrow:"seccomp_architectures" doc:"architectures of the profile" src:"spec.dump: linux.seccomp.architectures"`
	MaskedPaths          []string `arrow:"masked_paths" doc:"paths made unreadable" src:"spec.dump: linux.maskedPaths"`
	ReadonlyPaths        []string `arrow:"readonly_paths" doc:"paths made read-only" src:"spec.dump: linux.readonlyPaths"`
	RootfsPropagation    *string  `arrow:"rootfs_propagation" doc:"mount propagation of the root" src:"spec.dump: linux.rootfsPropagation"`
	Privileged           *bool    `arrow:"privileged" doc:"derived: no masked paths, no seccomp profile, and CAP_SYS_ADMIN in the bounding set"`
	HookNames            []string `arrow:"hook_names" doc:"kinds of hooks that are set (prestart, poststop, ...), with the program: kind=path" src:"spec.dump: hooks"`
	RestartPolicy        *string  `arrow:"restart_policy" doc:"restart policy; Podman only" src:"config.dump: restart_policy"`
	SpecJSON             *string  `arrow:"spec_json" sensitive:"env,args,annotations" doc:"spec.dump as it is; NULL where it is no valid text" src:"spec.dump"`
	ConfigJSON           *string  `arrow:"config_json" sensitive:"env,args,annotations" doc:"config.dump as it is" src:"config.dump"`
	StatusJSON           *string  `arrow:"status_json" sensitive:"env,args,annotations" doc:"status.dump (CRI ContainerStatus) as it is; containerd only" src:"status.dump"`
	ContainerdStatusJSON *string  `arrow:"containerd_status_json" sensitive:"env,args,annotations" doc:"status as it is; containerd only" src:"status"`
	NetworkStatusJSON    *string  `arrow:"network_status_json" sensitive:"env,args,annotations" doc:"network.status as it is; Podman only" src:"network.status"`
	StdioDescriptorsJSON *string  `arrow:"stdio_descriptors_json" sensitive:"env,args,annotations" doc:"what descriptors 0 to 2 pointed to when runc made the checkpoint" src:"checkpoint/descriptors.json"`
	PodOptionsJSON       *string  `arrow:"pod_options_json" sensitive:"env,args,annotations" doc:"pod.options of a pod archive as it is: its containers and annotations" src:"pod.options"`
	PodDumpJSON          *string  `arrow:"pod_dump_json" sensitive:"env,args,annotations" doc:"pod.dump of a pod archive as it is: the pod's configuration" src:"pod.dump"`
}

// Annotation is one annotation or label of a container.
type Annotation struct {
	Kind  string `arrow:"kind" doc:"annotation (of spec.dump), label, image_annotation (of the container image that the checkpoint was packed into), or pod_annotation (of the pod archive)" src:"spec.dump: annotations; OCI image manifest, index.json: annotations; pod.options: annotations; config.dump: labels (Podman); annotation io.kubernetes.cri-o.Labels (CRI-O); status.dump: labels (containerd)"`
	Key   string `arrow:"key" doc:"its name"`
	Value string `arrow:"value" sensitive:"annotations,env:json,args:json" doc:"its value"`
}

// ContainerMount is a mount that the specification asks for, or an entry of bind.mounts.
type ContainerMount struct {
	Origin      string   `arrow:"origin" doc:"spec, or bind_mounts: a file or folder CRI-O recreates at restore" src:"spec.dump: mounts; bind.mounts"`
	Position    uint32   `arrow:"position" doc:"position in its list, from 0"`
	Destination string   `arrow:"destination" doc:"path inside the container"`
	Source      *string  `arrow:"source" doc:"path on the host, or name of the file system"`
	Type        *string  `arrow:"type" doc:"file system, or bind"`
	Options     []string `arrow:"options" sensitive:"args:options" doc:"mount options"`
	Propagation *string  `arrow:"propagation" doc:"private, slave, shared, unbindable, with r for recursive; from the options"`
	ReadOnly    *bool    `arrow:"read_only" doc:"the options hold ro; NULL for bind.mounts, which has no options"`
	IsBind      *bool    `arrow:"is_bind" doc:"a path of the host is mounted: type bind, or option bind or rbind"`
	FileType    *string  `arrow:"file_type" doc:"file or directory; bind.mounts only"`
	Permissions *uint32  `arrow:"permissions" doc:"permission bits; bind.mounts only"`
}

// ContainerDevice is a device node or a device rule of the specification.
type ContainerDevice struct {
	Origin   string  `arrow:"origin" doc:"device: a node made in the container; rule: an entry of the device cgroup" src:"spec.dump: linux.devices; linux.resources.devices"`
	Position uint32  `arrow:"position" doc:"position in its list, from 0"`
	Path     *string `arrow:"path" doc:"path inside the container; of nodes"`
	Type     *string `arrow:"type" doc:"c, b, u, p, or a for all"`
	Major    *int64  `arrow:"major" doc:"major number; NULL for any"`
	Minor    *int64  `arrow:"minor" doc:"minor number; NULL for any"`
	FileMode *uint32 `arrow:"file_mode" doc:"permission bits; of nodes"`
	UID      *uint32 `arrow:"uid" doc:"owner; of nodes"`
	GID      *uint32 `arrow:"gid" doc:"group; of nodes"`
	Allow    *bool   `arrow:"allow" doc:"allowed or denied; of rules"`
	Access   *string `arrow:"access" doc:"r, w, m: read, write, make; of rules"`
}

// ContainerNetwork is one address of a container or its pod.
type ContainerNetwork struct {
	Origin       string  `arrow:"origin" doc:"network_status (Podman), annotation (CRI-O)" src:"network.status; spec.dump: annotations io.kubernetes.cri-o.IP.N"`
	NetworkName  *string `arrow:"network_name" doc:"network; Podman only"`
	Interface    *string `arrow:"interface" doc:"network interface inside the container; Podman only"`
	Address      IP      `arrow:"address" doc:"IP address; NULL for an interface without one"`
	PrefixLength *uint32 `arrow:"prefix_length" doc:"length of the network's prefix, in bits"`
	MACAddress   *string `arrow:"mac_address" doc:"hardware address"`
	Gateway      *string `arrow:"gateway" doc:"gateway"`
}
