package schema

// ContainerSpec is the OCI runtime specification of a checkpointed container.
type ContainerSpec struct {
	_ struct{} `table:"container_specs" key:"checkpoint_id" doc:"The OCI specification of a checkpoint's container."`
	_ struct{} `compare:"" show:"args cwd uid privileged"`

	OCIVersion           *string  `arrow:"oci_version" sensitive:"no" doc:"version of the OCI runtime specification" src:"spec.dump: ociVersion"`
	Args                 []string `arrow:"args" sensitive:"args" doc:"command line asked for" src:"spec.dump: process.args"`
	Env                  []string `arrow:"env" sensitive:"env:assignment" doc:"environment asked for, NAME=value" src:"spec.dump: process.env"`
	Cwd                  *string  `arrow:"cwd" sensitive:"no" doc:"working directory" src:"spec.dump: process.cwd"`
	UID                  *uint32  `arrow:"uid" doc:"user of the first process, inside the container" src:"spec.dump: process.user.uid"`
	GID                  *uint32  `arrow:"gid" doc:"its group" src:"spec.dump: process.user.gid"`
	AdditionalGIDs       []uint32 `arrow:"additional_gids" doc:"its further groups" src:"spec.dump: process.user.additionalGids"`
	Umask                *uint32  `arrow:"umask" doc:"its file mode mask" src:"spec.dump: process.user.umask"`
	Terminal             *bool    `arrow:"terminal" doc:"a terminal is attached; absent is false" src:"spec.dump: process.terminal"`
	CapBounding          []string `arrow:"cap_bounding" sensitive:"no" doc:"bounding capabilities" src:"spec.dump: process.capabilities.bounding"`
	CapEffective         []string `arrow:"cap_effective" sensitive:"no" doc:"effective capabilities" src:"spec.dump: process.capabilities.effective"`
	CapPermitted         []string `arrow:"cap_permitted" sensitive:"no" doc:"permitted capabilities" src:"spec.dump: process.capabilities.permitted"`
	CapInheritable       []string `arrow:"cap_inheritable" sensitive:"no" doc:"inheritable capabilities" src:"spec.dump: process.capabilities.inheritable"`
	CapAmbient           []string `arrow:"cap_ambient" sensitive:"no" doc:"ambient capabilities" src:"spec.dump: process.capabilities.ambient"`
	NoNewPrivs           *bool    `arrow:"no_new_privs" was:"no_new_privileges" doc:"setuid programs gain nothing; absent is false" src:"spec.dump: process.noNewPrivileges"`
	ApparmorProfile      *string  `arrow:"apparmor_profile" sensitive:"no" doc:"AppArmor profile" src:"spec.dump: process.apparmorProfile"`
	SelinuxLabel         *string  `arrow:"selinux_label" sensitive:"no" doc:"SELinux label of the process" src:"spec.dump: process.selinuxLabel"`
	MountLabel           *string  `arrow:"mount_label" sensitive:"no" doc:"SELinux label of the mounts" src:"spec.dump: linux.mountLabel"`
	OOMScoreAdj          *int32   `arrow:"oom_score_adj" doc:"preference of the out-of-memory killer, -1000 to 1000" src:"spec.dump: process.oomScoreAdj"`
	RootPath             *string  `arrow:"root_path" encode:"bloom" sensitive:"no" doc:"root file system on the host" src:"spec.dump: root.path"`
	RootReadonly         *bool    `arrow:"root_readonly" doc:"root file system is read-only; absent is false" src:"spec.dump: root.readonly"`
	Hostname             *string  `arrow:"hostname" sensitive:"no" doc:"host name asked for" src:"spec.dump: hostname"`
	CgroupsPath          *string  `arrow:"cgroups_path" encode:"bloom" sensitive:"no" doc:"control group" src:"spec.dump: linux.cgroupsPath"`
	MemoryLimitBytes     *int64   `arrow:"memory_limit_bytes" doc:"memory limit in bytes, -1 for none" src:"spec.dump: linux.resources.memory.limit"`
	MemoryReservation    *int64   `arrow:"memory_reservation_bytes" doc:"soft memory limit in bytes" src:"spec.dump: linux.resources.memory.reservation"`
	MemorySwapBytes      *int64   `arrow:"memory_swap_bytes" doc:"limit of memory and swap together, in bytes" src:"spec.dump: linux.resources.memory.swap"`
	CPUShares            *uint64  `arrow:"cpu_shares" range:"uint64" doc:"relative weight of CPU time" src:"spec.dump: linux.resources.cpu.shares"`
	CPUQuotaUS           *int64   `arrow:"cpu_quota_us" doc:"CPU time per period, in microseconds" src:"spec.dump: linux.resources.cpu.quota"`
	CPUPeriodUS          *uint64  `arrow:"cpu_period_us" range:"uint64" doc:"the period, in microseconds" src:"spec.dump: linux.resources.cpu.period"`
	CPUSetCPUs           *string  `arrow:"cpuset_cpus" sensitive:"no" doc:"processors allowed" src:"spec.dump: linux.resources.cpu.cpus"`
	CPUSetMems           *string  `arrow:"cpuset_mems" sensitive:"no" doc:"memory nodes allowed" src:"spec.dump: linux.resources.cpu.mems"`
	PidsLimit            *int64   `arrow:"pids_limit" doc:"limit of processes, -1 for none" src:"spec.dump: linux.resources.pids.limit"`
	Namespaces           []string `arrow:"namespaces" sensitive:"no" doc:"namespaces asked for: type, or type=path where an existing one is joined" src:"spec.dump: linux.namespaces"`
	HostNamespaces       []string `arrow:"host_namespaces" sensitive:"no" doc:"kinds among pid, network, ipc, uts, mount that the specification does not isolate, so that the host's are used" src:"spec.dump: linux.namespaces"`
	SeccompDefaultAction *string  `arrow:"seccomp_default_action" sensitive:"no" doc:"what seccomp does with system calls not listed; NULL without a profile" src:"spec.dump: linux.seccomp.defaultAction"`
	SeccompArchitectures []string `arrow:"seccomp_architectures" sensitive:"no" doc:"architectures of the profile" src:"spec.dump: linux.seccomp.architectures"`
	MaskedPaths          []string `arrow:"masked_paths" sensitive:"no" doc:"paths made unreadable" src:"spec.dump: linux.maskedPaths"`
	ReadonlyPaths        []string `arrow:"readonly_paths" sensitive:"no" doc:"paths made read-only" src:"spec.dump: linux.readonlyPaths"`
	RootfsPropagation    *string  `arrow:"rootfs_propagation" sensitive:"no" doc:"mount propagation of the root" src:"spec.dump: linux.rootfsPropagation"`
	Privileged           *bool    `arrow:"privileged" doc:"derived: no masked paths, no seccomp profile, and CAP_SYS_ADMIN in the bounding set"`
	HookNames            []string `arrow:"hook_names" sensitive:"no" doc:"kinds of hooks that are set (prestart, poststop, ...), with the program: kind=path" src:"spec.dump: hooks"`
	RestartPolicy        *string  `arrow:"restart_policy" sensitive:"no" doc:"restart policy; Podman only" src:"config.dump: restart_policy"`
	SpecJSON             *string  `arrow:"spec_json" encode:"plain" sensitive:"env,args,annotations" doc:"spec.dump as it is; NULL where it is no valid text" src:"spec.dump"`
	ConfigJSON           *string  `arrow:"config_json" encode:"plain" compare:"no" sensitive:"env,args,annotations" doc:"config.dump as it is" src:"config.dump"`
	StatusJSON           *string  `arrow:"status_json" encode:"plain" compare:"no" sensitive:"env,args,annotations" doc:"status.dump (CRI ContainerStatus) as it is; containerd only" src:"status.dump"`
	ContainerdStatusJSON *string  `arrow:"containerd_status_json" encode:"plain" compare:"no" sensitive:"env,args,annotations" doc:"status as it is; containerd only" src:"status"`
	NetworkStatusJSON    *string  `arrow:"network_status_json" encode:"plain" compare:"no" sensitive:"env,args,annotations" doc:"network.status as it is; Podman only" src:"network.status"`
	StdioDescriptorsJSON *string  `arrow:"stdio_descriptors_json" encode:"plain" compare:"no" sensitive:"env,args,annotations" doc:"what descriptors 0 to 2 pointed to when runc made the checkpoint" src:"checkpoint/descriptors.json"`
	PodOptionsJSON       *string  `arrow:"pod_options_json" encode:"plain" compare:"no" sensitive:"env,args,annotations" doc:"pod.options or checkpoint-manifest.json of a pod archive as it is: its containers" src:"pod.options; checkpoint-manifest.json"`
	PodDumpJSON          *string  `arrow:"pod_dump_json" encode:"plain" compare:"no" sensitive:"env,args,annotations" doc:"pod.dump or pod-config.json of a pod archive as it is: the pod's configuration" src:"pod.dump; pod-config.json"`
}

// Annotation is one annotation or label of a container.
type Annotation struct {
	_ struct{} `table:"annotations" key:"checkpoint_id kind key" doc:"An annotation or label of a container."`
	_ struct{} `compare:"kind key" show:"value"`

	Kind  string `arrow:"kind" sensitive:"no" doc:"annotation (of spec.dump), label, image_annotation (of the container image that the checkpoint was packed into), or pod_annotation (of the pod archive)" src:"spec.dump: annotations; OCI image manifest, index.json: annotations; pod.options: annotations; config.dump: labels (Podman); annotation io.kubernetes.cri-o.Labels (CRI-O); status.dump: labels (containerd)"`
	Key   string `arrow:"key" sensitive:"no" doc:"its name"`
	Value string `arrow:"value" sensitive:"annotations,env:json,args:json" doc:"its value"`
}

// ContainerMount is a mount that the specification asks for, or an entry of bind.mounts.
type ContainerMount struct {
	_ struct{} `table:"container_mounts" key:"checkpoint_id origin position" doc:"A mount that the specification asks for, or an entry of bind.mounts."`
	_ struct{} `compare:"origin destination" order:"position" show:"source type options"`

	Origin      string   `arrow:"origin" sensitive:"no" doc:"spec, or bind_mounts: a file or folder CRI-O recreates at restore" src:"spec.dump: mounts; bind.mounts"`
	Position    uint32   `arrow:"position" doc:"position in its list, from 0"`
	Destination string   `arrow:"destination" sensitive:"no" doc:"path inside the container"`
	Source      *string  `arrow:"source" encode:"bloom" sensitive:"no" doc:"path on the host, or name of the file system"`
	Type        *string  `arrow:"type" sensitive:"no" doc:"file system, or bind"`
	Options     []string `arrow:"options" sensitive:"args:options" doc:"mount options"`
	Propagation *string  `arrow:"propagation" sensitive:"no" doc:"private, slave, shared, unbindable, with r for recursive; from the options"`
	ReadOnly    *bool    `arrow:"read_only" doc:"the options hold ro; NULL for bind.mounts, which has no options"`
	IsBind      *bool    `arrow:"is_bind" doc:"a path of the host is mounted: type bind, or option bind or rbind"`
	FileType    *string  `arrow:"file_type" sensitive:"no" doc:"file or directory; bind.mounts only"`
	Permissions *uint32  `arrow:"permissions" doc:"permission bits; bind.mounts only"`
}

// ContainerDevice is a device node or a device rule of the specification.
type ContainerDevice struct {
	_ struct{} `table:"container_devices" key:"checkpoint_id origin position" doc:"A device node or device rule of the specification."`
	_ struct{} `compare:"origin path type major minor" show:"access allow"`

	Origin   string  `arrow:"origin" sensitive:"no" doc:"device: a node made in the container; rule: an entry of the device cgroup" src:"spec.dump: linux.devices; linux.resources.devices"`
	Position uint32  `arrow:"position" compare:"no" doc:"position in its list, from 0"`
	Path     *string `arrow:"path" encode:"bloom" sensitive:"no" doc:"path inside the container; of nodes"`
	Type     *string `arrow:"type" sensitive:"no" doc:"c, b, u, p, or a for all"`
	Major    *int64  `arrow:"major" doc:"major number; NULL for any"`
	Minor    *int64  `arrow:"minor" doc:"minor number; NULL for any"`
	FileMode *uint32 `arrow:"file_mode" doc:"permission bits; of nodes"`
	UID      *uint32 `arrow:"uid" doc:"owner; of nodes"`
	GID      *uint32 `arrow:"gid" doc:"group; of nodes"`
	Allow    *bool   `arrow:"allow" doc:"allowed or denied; of rules"`
	Access   *string `arrow:"access" sensitive:"no" doc:"r, w, m: read, write, make; of rules"`
}

// ContainerNetwork is one address of a container or its pod.
type ContainerNetwork struct {
	_ struct{} `table:"container_networks" doc:"An address of a container or its pod."`
	_ struct{} `compare:"origin network_name interface_name address" show:"mac_address gateway"`

	Origin        string  `arrow:"origin" sensitive:"no" doc:"network_status (Podman), annotation (CRI-O)" src:"network.status; spec.dump: annotations io.kubernetes.cri-o.IP.N"`
	NetworkName   *string `arrow:"network_name" sensitive:"no" doc:"network; Podman only"`
	InterfaceName *string `arrow:"interface_name" was:"interface" sensitive:"no" doc:"network interface inside the container; Podman only"`
	Address       IP      `arrow:"address" encode:"bloom" doc:"IP address; NULL for an interface without one"`
	PrefixLength  *uint32 `arrow:"prefix_length" doc:"length of the network's prefix, in bits"`
	MACAddress    *string `arrow:"mac_address" encode:"bloom" sensitive:"no" doc:"hardware address"`
	Gateway       *string `arrow:"gateway" sensitive:"no" doc:"gateway"`
}
