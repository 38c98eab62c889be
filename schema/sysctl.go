package schema

// Sysctl is one kernel setting of a network or IPC namespace.
type Sysctl struct {
	_ struct{} `table:"sysctls" key:"checkpoint_id namespace_kind namespace_id field interface_index position" doc:"A kernel setting of a network or IPC namespace."`
	_ struct{} `compare:"namespace_kind scope ip_version device field position name" show:"value"`
	_ struct{} `ref:"namespace_kind namespace_id to namespaces(kind namespace_id)"`

	NamespaceKind  string  `arrow:"namespace_kind" sensitive:"no" doc:"net or ipc"`
	NamespaceID    uint32  `arrow:"namespace_id" compare:"no" doc:"namespace: CRIU's number, within the checkpoint" src:"netns-*.img, netdev-*.img, ipcns-var-*.img: name"`
	Scope          string  `arrow:"scope" sensitive:"no" doc:"net: default, all or device (of net.ipv4.conf and net.ipv6.conf), unix, ipv4; ipc"`
	IPVersion      *uint8  `arrow:"ip_version" doc:"net: 4 or 6; NULL for unix and ipc"`
	Device         Text    `arrow:"device" sensitive:"no" doc:"device: interface" src:"netdev-*.img: net_device_entry.name"`
	InterfaceIndex *uint32 `arrow:"interface_index" compare:"no" doc:"device: number of the interface" src:"netdev-*.img: net_device_entry.ifindex"`
	Field          string  `arrow:"field" sensitive:"no" doc:"field of the image it stands in" src:"netns-*.img: netns_entry.def_conf4, all_conf4, def_conf6, all_conf6, def_conf, all_conf, unix_conf, ipv4_sysctl; netdev-*.img: net_device_entry.conf4, conf6, conf; ipcns-var-*.img: ipc_var_entry"`
	Position       uint32  `arrow:"position" doc:"position in that field, from 0: the image has no names, CRIU knows the settings by it"`
	Name           string  `arrow:"name" sensitive:"no" doc:"name of the setting; index_N for all of a list whose length no known CRIU writes"`
	Path           *string `arrow:"path" encode:"bloom" sensitive:"no" doc:"its file below /proc/sys; NULL where the name is not known"`
	Type           Enum    `arrow:"type" doc:"net: type of the value; NULL for the old lists of numbers, and ipc" src:"netns-*.img, netdev-*.img: sysctl_entry.type"`
	Value          Text    `arrow:"value" sensitive:"no" doc:"value as text; NULL where the kernel did not have the setting, or it was unset or (ping_group_range) at its default" src:"netns-*.img, netdev-*.img: sysctl_entry.iarg, sarg, netns_entry.def_conf, all_conf, net_device_entry.conf; ipcns-var-*.img: ipc_var_entry.sem_ctls, msg_ctlmax, msg_ctlmnb, msg_ctlmni, auto_msgmni, shm_ctlmax, shm_ctlall, shm_ctlmni, shm_rmid_forced, mq_queues_max, mq_msg_max, mq_msgsize_max, mq_msg_default, mq_msgsize_default, msg_next_id, sem_next_id, shm_next_id"`
	IntValue       *int64  `arrow:"int_value" doc:"value as a number; NULL for text, and above 9223372036854775807 (shmmax and shmall: unlimited), where value has it" src:"netns-*.img, netdev-*.img: sysctl_entry.iarg"`
}
