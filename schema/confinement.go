package schema

// SeccompFilter is one filter of system calls.
type SeccompFilter struct {
	_ struct{} `table:"seccomp_filters" key:"checkpoint_id filter" doc:"A filter of system calls."`
	_ struct{} `compare:"program_sha256" show:"instruction_count actions"`
	_ struct{} `ref:"program_sha256 byte_order to seccomp_programs(program_sha256 byte_order)"`

	Filter           uint32   `arrow:"filter" compare:"no" doc:"position in seccomp.img, from 0; threads.seccomp_filter names the innermost one of a thread" src:"seccomp.img: seccomp_entry.seccomp_filters"`
	PrevFilter       *uint32  `arrow:"prev_filter" ref:"seccomp_filters(filter)" compare:"no" doc:"filter that was in force before and still is; NULL for the first" src:"seccomp.img: seccomp_filter.prev"`
	ChainLength      *uint32  `arrow:"chain_length" doc:"filters in force together: this one and those before it; NULL where the chain is broken"`
	Flags            Flags    `arrow:"flags" doc:"SECCOMP_FILTER_FLAG_*; CRIU sets TSYNC where all threads of a process have the same filters" src:"seccomp.img: seccomp_filter.flags"`
	InnermostTIDs    []uint32 `arrow:"innermost_tids" ref:"threads(tid)" compare:"no" doc:"threads whose innermost filter it is, ascending"`
	ThreadCount      *uint32  `arrow:"thread_count" compare:"no" doc:"threads it is in force for; NULL where a chain is broken"`
	ProgramSHA256    string   `arrow:"program_sha256" encode:"plain,bloom" sensitive:"no" doc:"the program, in seccomp_programs: SHA-256 in hexadecimal; equal profiles have equal ones"`
	ByteOrder        string   `arrow:"byte_order" sensitive:"no" doc:"little or big: that of the host, in which the program is"`
	InstructionCount uint32   `arrow:"instruction_count" doc:"whole instructions of the program"`
	Actions          []string `arrow:"actions" sensitive:"no" doc:"actions it can return, each once, in the order of the program; NULL where it is longer than a filter can be"`
}

// SeccompProgram is the program of filters: a fleet has a few of them, each in
// nearly every checkpoint and a thousand instructions long, so that they stand
// here once for all checkpoints.
type SeccompProgram struct {
	_ struct{} `table:"seccomp_programs" key:"program_sha256 byte_order" scope:"content" doc:"A program of seccomp filters, once for all checkpoints that have it."`
	_ struct{} `notcompared:"is of all checkpoints; seccomp_filters names its rows"`

	ProgramSHA256 string               `arrow:"program_sha256" encode:"plain" sensitive:"no" doc:"SHA-256 of the program, in hexadecimal"`
	ByteOrder     string               `arrow:"byte_order" sensitive:"no" doc:"little or big: as the program is read"`
	Program       []byte               `arrow:"program" sensitive:"no" doc:"struct sock_filter, 8 bytes an instruction" src:"seccomp.img: seccomp_filter.filter"`
	Instructions  []SeccompInstruction `arrow:"instructions" doc:"the program decoded; NULL where it is longer than a filter can be"`
}

// SeccompInstruction is one instruction of classic BPF.
type SeccompInstruction struct {
	Position uint32  `arrow:"position" doc:"position in the program, from 0"`
	Code     uint16  `arrow:"code" doc:"operation"`
	JumpTrue uint8   `arrow:"jt" doc:"instructions to skip if a condition holds"`
	JumpElse uint8   `arrow:"jf" doc:"instructions to skip if it does not"`
	K        uint32  `arrow:"k" doc:"operand"`
	Mnemonic string  `arrow:"mnemonic" sensitive:"no" doc:"as tcpdump -d writes it: targets of jumps are positions"`
	Operand  *string `arrow:"operand" sensitive:"no" doc:"what k means: the field of seccomp_data that is loaded, or the action that is returned; else NULL"`
}

// ApparmorProfile is one AppArmor policy of the container's own namespaces.
type ApparmorProfile struct {
	_ struct{} `table:"apparmor_profiles" key:"checkpoint_id namespace_path profile" doc:"An AppArmor policy of the container's own policy namespaces."`
	_ struct{} `compare:"namespace_path profile" show:"policy_sha256"`

	NamespacePath Text    `arrow:"namespace_path" encode:"bloom" sensitive:"no" doc:"policy namespace, with those above it joined by //; NULL where it is longer than 4096 bytes" src:"apparmor.img: aa_namespace.name, aa_namespace.namespaces, apparmor_entry.namespaces"`
	Profile       Text    `arrow:"profile" sensitive:"no" doc:"name of the policy; NULL for a namespace that has none of its own" src:"apparmor.img: aa_policy.name, aa_namespace.policies"`
	PolicyBytes   *uint64 `arrow:"policy_bytes" range:"int64" doc:"size of the policy, in bytes"`
	PolicySHA256  *string `arrow:"policy_sha256" encode:"plain,bloom" sensitive:"no" doc:"SHA-256 of the policy, in hexadecimal"`
	Policy        []byte  `arrow:"policy" compare:"no" sensitive:"no" doc:"the policy as the kernel holds it, compiled" src:"apparmor.img: aa_policy.blob"`
}

// IDMapping is one extent of a user namespace's map of users or groups.
type IDMapping struct {
	_ struct{} `table:"id_mappings" key:"checkpoint_id user_ns_id kind position" doc:"An extent of a user namespace's map of users or groups."`
	_ struct{} `compare:"kind inside_first" show:"outside_first count"`

	UserNsID     uint32  `arrow:"user_ns_id" ref:"namespaces(namespace_id) of kind user" compare:"no" doc:"user namespace" src:"userns-*.img: name"`
	Kind         string  `arrow:"kind" sensitive:"no" doc:"uid or gid" src:"userns-*.img: userns_entry.uid_map, gid_map"`
	Position     uint32  `arrow:"position" compare:"no" doc:"position in the map, from 0"`
	InsideFirst  *uint32 `arrow:"inside_first" doc:"first id as the container sees it" src:"userns-*.img: uid_gid_extent.first"`
	OutsideFirst *uint32 `arrow:"outside_first" doc:"the same id as the host sees it" src:"userns-*.img: uid_gid_extent.lower_first"`
	Count        *uint32 `arrow:"count" doc:"ids in the extent" src:"userns-*.img: uid_gid_extent.count"`
}

// CgroupProperty is one property of a control group. A directory without
// properties has one row, as has a controller without directories.
type CgroupProperty struct {
	_ struct{} `table:"cgroup_properties" key:"checkpoint_id controller_position path property" doc:"A property of a control group, with its directory and hierarchy."`
	_ struct{} `compare:"controllers path property" show:"value"`

	ControllerPosition uint32   `arrow:"controller_position" compare:"no" doc:"position of the hierarchy, from 0" src:"cgroup.img: cgroup_entry.controllers"`
	Controllers        TextList `arrow:"controllers" sensitive:"no" doc:"controllers of the hierarchy, or name=...; an empty name is the unified hierarchy; NULL where they are longer than 4096 bytes" src:"cgroup.img: cg_controller_entry.cnames"`
	IsThreaded         *bool    `arrow:"is_threaded" doc:"of version 1, or threaded groups of version 2" src:"cgroup.img: cg_controller_entry.is_threaded"`
	Path               Text     `arrow:"path" encode:"bloom" sensitive:"no" doc:"directory, from the root of the hierarchy, as in cgroup_memberships; NULL where it is longer than 4096 bytes" src:"cgroup.img: cg_controller_entry.dirs, cgroup_dir_entry.dir_name, cgroup_dir_entry.children"`
	Depth              *uint32  `arrow:"depth" compare:"no" doc:"how many directories of the image stand above it"`
	DirectoryMode      *uint32  `arrow:"directory_mode" doc:"mode of the directory, with its type" src:"cgroup.img: cgroup_dir_entry.dir_perms, cgroup_perms.mode"`
	DirectoryUID       *uint32  `arrow:"directory_uid" doc:"its owner" src:"cgroup.img: cgroup_perms.uid"`
	DirectoryGID       *uint32  `arrow:"directory_gid" doc:"its group" src:"cgroup.img: cgroup_perms.gid"`
	Property           Text     `arrow:"property" sensitive:"no" doc:"name of the property, such as memory.max or pids.max; NULL for a directory without" src:"cgroup.img: cgroup_dir_entry.properties, cgroup_prop_entry.name"`
	Value              Text     `arrow:"value" sensitive:"no" doc:"value, which may have several lines; empty where CRIU saved only the permissions" src:"cgroup.img: cgroup_prop_entry.value"`
	PropertyMode       *uint32  `arrow:"property_mode" compare:"no" doc:"mode of the property's file, with its type. For freezer.state this, its owner and group are chance: CRIU writes them without setting them" src:"cgroup.img: cgroup_prop_entry.perms, cgroup_perms.mode"`
	PropertyUID        *uint32  `arrow:"property_uid" compare:"no" doc:"its owner" src:"cgroup.img: cgroup_perms.uid"`
	PropertyGID        *uint32  `arrow:"property_gid" compare:"no" doc:"its group" src:"cgroup.img: cgroup_perms.gid"`
}
