package schema

// NetworkDevice is one network interface of a network namespace.
type NetworkDevice struct {
	_ struct{} `table:"network_devices" key:"checkpoint_id net_ns_id position" doc:"A network interface of a network namespace. Namespaces provided from outside, as of most pods, are not in a checkpoint."`
	_ struct{} `compare:"name" show:"device_type mac_address is_up"`

	NetNsID         uint32   `arrow:"net_ns_id" ref:"namespaces(namespace_id) of kind net" compare:"no" doc:"network namespace: CRIU's number, within the checkpoint" src:"netdev-*.img: name"`
	Position        uint32   `arrow:"position" compare:"no" doc:"position in the image, from 0"`
	InterfaceIndex  uint32   `arrow:"interface_index" doc:"number of the interface in its namespace" src:"netdev-*.img: net_device_entry.ifindex"`
	Name            Text     `arrow:"name" sensitive:"no" doc:"name of the interface" src:"netdev-*.img: net_device_entry.name"`
	DeviceType      Enum     `arrow:"device_type" doc:"kind of interface, as CRIU restores it" src:"netdev-*.img: net_device_entry.type"`
	MTU             uint32   `arrow:"mtu" doc:"largest packet, in bytes" src:"netdev-*.img: net_device_entry.mtu"`
	Flags           Flags    `arrow:"flags" doc:"state of the interface (IFF_*)" src:"netdev-*.img: net_device_entry.flags"`
	IsUp            bool     `arrow:"is_up" doc:"the interface is up"`
	IsPromiscuous   bool     `arrow:"is_promiscuous" doc:"the interface takes packets for others too: somebody listens"`
	MACAddress      *string  `arrow:"mac_address" encode:"bloom" sensitive:"no" doc:"hardware address, bytes in hexadecimal with colons; NULL for loopback, where CRIU keeps none" src:"netdev-*.img: net_device_entry.address"`
	MACBytes        []byte   `arrow:"mac_address_bytes" sensitive:"no" doc:"the hardware address as bytes" src:"netdev-*.img: net_device_entry.address"`
	PeerIndex       *uint32  `arrow:"peer_interface_index" compare:"no" doc:"interface at the other end or below (veth, macvlan, sit), by its number there; its own number where it has none" src:"netdev-*.img: net_device_entry.peer_ifindex"`
	PeerNsID        *uint32  `arrow:"peer_ns_id" compare:"no" doc:"network namespace of that interface; NULL where it is none of the checkpoint's" src:"netdev-*.img: net_device_entry.peer_nsid"`
	MasterIndex     *uint32  `arrow:"master_interface_index" doc:"bridge or other interface it belongs to" src:"netdev-*.img: net_device_entry.master"`
	TunFlags        Flags    `arrow:"tun_flags" doc:"tun: kind and features (IFF_*)" src:"netdev-*.img: net_device_entry.tun, tun_link_entry.flags"`
	TunOwner        *int32   `arrow:"tun_owner_uid" doc:"tun: user who may open it; -1 if none is set" src:"netdev-*.img: tun_link_entry.owner"`
	TunGroup        *int32   `arrow:"tun_owner_gid" doc:"tun: group that may open it; -1 if none is set" src:"netdev-*.img: tun_link_entry.group"`
	TunVnetHdr      *uint32  `arrow:"tun_vnet_header_bytes" doc:"tun: size of the header before each packet, in bytes" src:"netdev-*.img: tun_link_entry.vnethdr"`
	TunSndbuf       *uint32  `arrow:"tun_send_buffer_bytes" doc:"tun: limit of the send buffer, in bytes" src:"netdev-*.img: tun_link_entry.sndbuf"`
	MacvlanMode     Enum     `arrow:"macvlan_mode" doc:"macvlan: how its interfaces reach each other" src:"netdev-*.img: net_device_entry.macvlan, macvlan_link_entry.mode"`
	MacvlanFlags    Flags    `arrow:"macvlan_flags" doc:"macvlan: flags (MACVLAN_FLAG_*)" src:"netdev-*.img: macvlan_link_entry.flags"`
	SitLink         *uint32  `arrow:"sit_link_interface_index" doc:"sit: interface the tunnel is bound to; 0 for any" src:"netdev-*.img: net_device_entry.sit, sit_entry.link"`
	SitLocal        IP       `arrow:"sit_local_address" encode:"bloom" doc:"sit: own end of the tunnel" src:"netdev-*.img: sit_entry.local"`
	SitRemote       IP       `arrow:"sit_remote_address" encode:"bloom" doc:"sit: other end of the tunnel" src:"netdev-*.img: sit_entry.remote"`
	SitTTL          *uint32  `arrow:"sit_ttl" doc:"sit: time to live of tunnel packets, in hops; 0 takes that of the packet within" src:"netdev-*.img: sit_entry.ttl"`
	SitTOS          *uint32  `arrow:"sit_tos" doc:"sit: type of service of tunnel packets; 1 takes that of the packet within" src:"netdev-*.img: sit_entry.tos"`
	SitPMTUDisc     *bool    `arrow:"sit_path_mtu_discovery" doc:"sit: the tunnel looks for the largest packet of the path" src:"netdev-*.img: sit_entry.pmtudisc"`
	SitProtocol     Enum     `arrow:"sit_protocol" doc:"sit: protocol within the tunnel" src:"netdev-*.img: sit_entry.proto"`
	SitFlags        Flags    `arrow:"sit_flags" doc:"sit: flags (SIT_*)" src:"netdev-*.img: sit_entry.flags"`
	SitEncapType    Enum     `arrow:"sit_encap_type" doc:"sit: further encapsulation" src:"netdev-*.img: sit_entry.encap_type"`
	SitEncapFlags   Flags    `arrow:"sit_encap_flags" doc:"sit: flags of that encapsulation (TUNNEL_ENCAP_FLAG_*)" src:"netdev-*.img: sit_entry.encap_flags"`
	SitEncapSport   *uint16  `arrow:"sit_encap_source_port" doc:"sit: UDP source port of that encapsulation; 0 for any" src:"netdev-*.img: sit_entry.encap_sport"`
	SitEncapDport   *uint16  `arrow:"sit_encap_destination_port" doc:"sit: UDP destination port of that encapsulation" src:"netdev-*.img: sit_entry.encap_dport"`
	Sit6RDPrefix    IP       `arrow:"sit_6rd_prefix" doc:"sit: prefix of 6rd addresses (IPv6 rapid deployment)" src:"netdev-*.img: sit_entry.rd_prefix"`
	Sit6RDPrefixLen *uint32  `arrow:"sit_6rd_prefix_length" doc:"sit: bits of that prefix" src:"netdev-*.img: sit_entry.rd_prefixlen"`
	SitRelayPrefix  IP       `arrow:"sit_relay_prefix" doc:"sit: IPv4 prefix of 6rd relays" src:"netdev-*.img: sit_entry.relay_prefix"`
	SitRelayLen     *uint32  `arrow:"sit_relay_prefix_length" doc:"sit: bits of that prefix" src:"netdev-*.img: sit_entry.relay_prefixlen"`
	Addresses       []string `arrow:"addresses" compare:"no" sensitive:"no" doc:"its addresses with their prefix lengths, see network_addresses; NULL where the namespace's addresses are not in the checkpoint" src:"ifaddr-*.img"`
}

// NetworkAddress is one address of a network interface.
type NetworkAddress struct {
	_ struct{} `table:"network_addresses" key:"checkpoint_id net_ns_id position" doc:"An address of a network interface."`
	_ struct{} `compare:"interface_name address prefix_length" show:"scope"`

	NetNsID         uint32  `arrow:"net_ns_id" ref:"namespaces(namespace_id) of kind net" compare:"no" doc:"network namespace" src:"ifaddr-*.img: name"`
	Position        uint32  `arrow:"position" compare:"no" doc:"position in the image, from 0"`
	InterfaceIndex  uint32  `arrow:"interface_index" doc:"interface, see network_devices" src:"ifaddr-*.img: ifaddrmsg.ifa_index"`
	InterfaceName   Text    `arrow:"interface_name" sensitive:"no" doc:"name of the interface; NULL where network_devices does not have it" src:"netdev-*.img: net_device_entry.name"`
	Family          Enum    `arrow:"family" doc:"inet or inet6" src:"ifaddr-*.img: ifaddrmsg.ifa_family"`
	Address         IP      `arrow:"address" encode:"bloom" doc:"the interface's own address" src:"ifaddr-*.img: IFA_LOCAL, else IFA_ADDRESS"`
	PrefixLength    uint8   `arrow:"prefix_length" doc:"bits of the network part; of peer_address where there is one" src:"ifaddr-*.img: ifaddrmsg.ifa_prefixlen"`
	PeerAddress     IP      `arrow:"peer_address" encode:"bloom" doc:"address of the other end of a point-to-point link; NULL if none" src:"ifaddr-*.img: IFA_ADDRESS"`
	Broadcast       IP      `arrow:"broadcast_address" encode:"bloom" doc:"broadcast address" src:"ifaddr-*.img: IFA_BROADCAST"`
	Anycast         IP      `arrow:"anycast_address" encode:"bloom" doc:"anycast address" src:"ifaddr-*.img: IFA_ANYCAST"`
	Multicast       IP      `arrow:"multicast_address" encode:"bloom" doc:"multicast address" src:"ifaddr-*.img: IFA_MULTICAST"`
	Label           Text    `arrow:"label" sensitive:"no" doc:"label of an IPv4 address: the interface's name, or that with a suffix" src:"ifaddr-*.img: IFA_LABEL"`
	Scope           Enum    `arrow:"scope" doc:"how far the address is valid; UNIVERSE is what ip calls global" src:"ifaddr-*.img: ifaddrmsg.ifa_scope"`
	Flags           Flags   `arrow:"flags" doc:"state of the address (IFA_F_*)" src:"ifaddr-*.img: IFA_FLAGS, else ifaddrmsg.ifa_flags"`
	PreferredSecs   *uint32 `arrow:"preferred_seconds" compare:"no" doc:"seconds it is still used for new connections; NULL if for ever" src:"ifaddr-*.img: IFA_CACHEINFO"`
	ValidSecs       *uint32 `arrow:"valid_seconds" compare:"no" doc:"seconds until it is removed; NULL if never" src:"ifaddr-*.img: IFA_CACHEINFO"`
	CreatedAt       *uint32 `arrow:"created_hundredths" compare:"no" doc:"when it was added, in hundredths of a second since boot" src:"ifaddr-*.img: IFA_CACHEINFO"`
	UpdatedAt       *uint32 `arrow:"updated_hundredths" compare:"no" doc:"when it was last changed, in hundredths of a second since boot" src:"ifaddr-*.img: IFA_CACHEINFO"`
	RoutePriority   *uint32 `arrow:"route_priority" doc:"metric of the route to its network" src:"ifaddr-*.img: IFA_RT_PRIORITY"`
	TargetNetNsID   *int32  `arrow:"target_nsid" compare:"no" doc:"number under which this namespace knows the interface's, where that is another" src:"ifaddr-*.img: IFA_TARGET_NETNSID"`
	Protocol        Enum    `arrow:"protocol" doc:"who added the address; NULL before Linux 5.18, and if nobody said" src:"ifaddr-*.img: IFA_PROTO"`
	OtherAttributes []byte  `arrow:"other_attributes" sensitive:"no" doc:"attributes of the message without a column, or that could not be read: as they stand there, header and padding included; NULL if none" src:"ifaddr-*.img"`
}

// Route is one route of a network namespace.
type Route struct {
	_ struct{} `table:"routes" key:"checkpoint_id net_ns_id position" doc:"A route of a network namespace, of those ip route save shows: the main table."`
	_ struct{} `compare:"family destination destination_prefix_length source source_prefix_length table_id output_interface priority" show:"route_type gateway"`

	NetNsID          uint32            `arrow:"net_ns_id" ref:"namespaces(namespace_id) of kind net" compare:"no" doc:"network namespace" src:"route-*.img, route6-*.img: name"`
	Position         uint32            `arrow:"position" compare:"no" doc:"position among the namespace's routes, from 0: those of route-*.img, then those of route6-*.img"`
	Family           Enum              `arrow:"family" doc:"inet or inet6" src:"route-*.img, route6-*.img: rtmsg.rtm_family"`
	RouteType        Enum              `arrow:"route_type" doc:"what happens to the packets: UNICAST, LOCAL, BLACKHOLE, ..." src:"route-*.img, route6-*.img: rtmsg.rtm_type"`
	Destination      IP                `arrow:"destination" doc:"network the route leads to; NULL for the default route" src:"route-*.img, route6-*.img: RTA_DST"`
	DestinationLen   uint8             `arrow:"destination_prefix_length" doc:"bits of that network; 0 for the default route" src:"route-*.img, route6-*.img: rtmsg.rtm_dst_len"`
	Source           IP                `arrow:"source" encode:"bloom" doc:"network the packets must come from; NULL for any" src:"route-*.img, route6-*.img: RTA_SRC"`
	SourceLen        uint8             `arrow:"source_prefix_length" doc:"bits of that network" src:"route-*.img, route6-*.img: rtmsg.rtm_src_len"`
	Gateway          IP                `arrow:"gateway" doc:"next router; an IPv4 route may have one of IPv6. NULL if none or several, see next_hop_gateways" src:"route-*.img, route6-*.img: RTA_GATEWAY, RTA_VIA"`
	OutputIndex      *uint32           `arrow:"output_interface_index" doc:"interface the packets leave by" src:"route-*.img, route6-*.img: RTA_OIF"`
	OutputName       Text              `arrow:"output_interface" sensitive:"no" doc:"its name; NULL where network_devices does not have it" src:"netdev-*.img: net_device_entry.name"`
	InputIndex       *uint32           `arrow:"input_interface_index" doc:"interface the packets must come from" src:"route-*.img, route6-*.img: RTA_IIF"`
	PreferredSource  IP                `arrow:"preferred_source" doc:"own address for packets that have none" src:"route-*.img, route6-*.img: RTA_PREFSRC"`
	Table            uint32            `arrow:"table_id" doc:"routing table: 254 main, 255 local, 253 default" src:"route-*.img, route6-*.img: RTA_TABLE, else rtmsg.rtm_table"`
	Protocol         Enum              `arrow:"protocol" doc:"who added the route" src:"route-*.img, route6-*.img: rtmsg.rtm_protocol"`
	Scope            Enum              `arrow:"scope" doc:"distance of the destination; UNIVERSE is what ip calls global" src:"route-*.img, route6-*.img: rtmsg.rtm_scope"`
	TOS              uint8             `arrow:"tos" doc:"type of service the packets must have; 0 for any" src:"route-*.img, route6-*.img: rtmsg.rtm_tos"`
	Flags            Flags             `arrow:"flags" doc:"state of the route (RTNH_F_*, RTM_F_*)" src:"route-*.img, route6-*.img: rtmsg.rtm_flags"`
	Priority         *uint32           `arrow:"priority" doc:"metric: the lower one wins; NULL is 0" src:"route-*.img, route6-*.img: RTA_PRIORITY"`
	Metrics          map[string]string `arrow:"metrics" sensitive:"no" doc:"properties of paths along the route (mtu, advmss, ...), in the kernel's units; NULL if none" src:"route-*.img, route6-*.img: RTA_METRICS"`
	Preference       Enum              `arrow:"preference" doc:"IPv6: preference of the router" src:"route-*.img, route6-*.img: RTA_PREF"`
	NextHopGateways  []*string         `arrow:"next_hop_gateways" sensitive:"no" doc:"routers of a route with several, NULL for one without; the other next_hop columns go with it by position" src:"route-*.img, route6-*.img: RTA_MULTIPATH"`
	NextHopIndexes   []int32           `arrow:"next_hop_interface_indexes" doc:"interfaces to them" src:"route-*.img, route6-*.img: RTA_MULTIPATH"`
	NextHopWeights   []uint32          `arrow:"next_hop_weights" doc:"their weights, from 1" src:"route-*.img, route6-*.img: RTA_MULTIPATH"`
	NextHopFlags     []uint32          `arrow:"next_hop_flags" doc:"their state, bits RTNH_F_* (route_flags in enum_values)" src:"route-*.img, route6-*.img: RTA_MULTIPATH"`
	NextHopID        *uint32           `arrow:"next_hop_id" doc:"next hop object of the kernel it refers to" src:"route-*.img, route6-*.img: RTA_NH_ID"`
	Realms           *uint32           `arrow:"realms" doc:"realms for accounting: source in the high 16 bits, destination in the low ones" src:"route-*.img, route6-*.img: RTA_FLOW"`
	Mark             *uint32           `arrow:"mark" doc:"mark of the packets" src:"route-*.img, route6-*.img: RTA_MARK"`
	UID              *uint32           `arrow:"uid" doc:"user of the packets" src:"route-*.img, route6-*.img: RTA_UID"`
	EncapType        Enum              `arrow:"encap_type" doc:"encapsulation of the packets" src:"route-*.img, route6-*.img: RTA_ENCAP_TYPE"`
	Encap            []byte            `arrow:"encap" sensitive:"no" doc:"attributes of the encapsulation, as they stand in the message" src:"route-*.img, route6-*.img: RTA_ENCAP"`
	TTLPropagate     *uint8            `arrow:"ttl_propagate" doc:"MPLS: time to live is passed on" src:"route-*.img, route6-*.img: RTA_TTL_PROPAGATE"`
	ExpiresHundredth *int32            `arrow:"expires_hundredths" compare:"no" doc:"hundredths of a second until the route is removed; NULL if never" src:"route-*.img, route6-*.img: RTA_CACHEINFO"`
	CacheError       *int32            `arrow:"cache_error" compare:"no" doc:"error the route gives, the negative of a number of errno(3); NULL if none" src:"route-*.img, route6-*.img: RTA_CACHEINFO"`
	CacheReferences  *uint32           `arrow:"cache_references" compare:"no" doc:"references to the route" src:"route-*.img, route6-*.img: RTA_CACHEINFO"`
	CacheUsed        *uint32           `arrow:"cache_used" compare:"no" doc:"times it was used" src:"route-*.img, route6-*.img: RTA_CACHEINFO"`
	CacheLastUse     *uint32           `arrow:"cache_last_use_hundredths" compare:"no" doc:"hundredths of a second since its last use" src:"route-*.img, route6-*.img: RTA_CACHEINFO"`
	OtherAttributes  []byte            `arrow:"other_attributes" sensitive:"no" doc:"attributes of the message without a column, or that could not be read: as they stand there, header and padding included; NULL if none" src:"route-*.img, route6-*.img"`
}

// RoutingRule is one rule of the choice of a routing table.
type RoutingRule struct {
	_ struct{} `table:"routing_rules" key:"checkpoint_id net_ns_id position" doc:"A rule for the choice of a routing table."`
	_ struct{} `compare:"family priority source source_prefix_length destination destination_prefix_length input_interface output_interface fwmark" show:"action table_id"`

	NetNsID           uint32  `arrow:"net_ns_id" ref:"namespaces(namespace_id) of kind net" compare:"no" doc:"network namespace" src:"rule-*.img: name"`
	Position          uint32  `arrow:"position" compare:"no" doc:"position in the image, from 0"`
	Family            Enum    `arrow:"family" doc:"inet or inet6" src:"rule-*.img: fib_rule_hdr.family"`
	Priority          uint32  `arrow:"priority" doc:"rules apply in ascending order; the kernel leaves out 0" src:"rule-*.img: FRA_PRIORITY"`
	Action            Enum    `arrow:"action" doc:"what happens to packets that match; TO_TBL looks table_id up" src:"rule-*.img: fib_rule_hdr.action"`
	Table             uint32  `arrow:"table_id" doc:"routing table: 254 main, 255 local, 253 default; 0 for actions without one" src:"rule-*.img: FRA_TABLE, else fib_rule_hdr.table"`
	Flags             Flags   `arrow:"flags" doc:"state of the rule (FIB_RULE_*); INVERT takes packets that do not match" src:"rule-*.img: fib_rule_hdr.flags"`
	Source            IP      `arrow:"source" encode:"bloom" doc:"network the packets come from; NULL for any" src:"rule-*.img: FRA_SRC"`
	SourceLen         uint8   `arrow:"source_prefix_length" doc:"bits of that network" src:"rule-*.img: fib_rule_hdr.src_len"`
	Destination       IP      `arrow:"destination" doc:"network the packets go to; NULL for any" src:"rule-*.img: FRA_DST"`
	DestinationLen    uint8   `arrow:"destination_prefix_length" doc:"bits of that network" src:"rule-*.img: fib_rule_hdr.dst_len"`
	TOS               uint8   `arrow:"tos" doc:"type of service of the packets; 0 for any" src:"rule-*.img: fib_rule_hdr.tos"`
	FWMark            *uint32 `arrow:"fwmark" doc:"mark of the packets; NULL for any" src:"rule-*.img: FRA_FWMARK"`
	FWMask            *uint32 `arrow:"fwmask" doc:"bits of the mark that count" src:"rule-*.img: FRA_FWMASK"`
	InputInterface    Text    `arrow:"input_interface" sensitive:"no" doc:"interface the packets come from; lo for packets of this host" src:"rule-*.img: FRA_IIFNAME"`
	OutputInterface   Text    `arrow:"output_interface" sensitive:"no" doc:"interface the socket is bound to" src:"rule-*.img: FRA_OIFNAME"`
	Goto              *uint32 `arrow:"goto_priority" doc:"priority of the rule to go on with" src:"rule-*.img: FRA_GOTO"`
	Realms            *uint32 `arrow:"realms" doc:"realms for accounting: source in the high 16 bits, destination in the low ones" src:"rule-*.img: FRA_FLOW"`
	TunnelID          *uint64 `arrow:"tunnel_id" range:"uint64" doc:"id of the tunnel the packets came by" src:"rule-*.img: FRA_TUN_ID"`
	SuppressPrefixLen *uint32 `arrow:"suppress_prefix_length" doc:"routes with so many bits or fewer do not count; NULL if all count" src:"rule-*.img: FRA_SUPPRESS_PREFIXLEN"`
	SuppressGroup     *uint32 `arrow:"suppress_interface_group" doc:"routes by interfaces of that group do not count" src:"rule-*.img: FRA_SUPPRESS_IFGROUP"`
	L3MDev            *bool   `arrow:"l3mdev" doc:"the table is that of the interface's VRF" src:"rule-*.img: FRA_L3MDEV"`
	UIDStart          *uint32 `arrow:"uid_start" doc:"first user of the packets; NULL for all" src:"rule-*.img: FRA_UID_RANGE"`
	UIDEnd            *uint32 `arrow:"uid_end" doc:"last of those users" src:"rule-*.img: FRA_UID_RANGE"`
	Protocol          Enum    `arrow:"protocol" doc:"who added the rule" src:"rule-*.img: FRA_PROTOCOL"`
	IPProtocol        Enum    `arrow:"ip_protocol" doc:"protocol of the packets; NULL for any" src:"rule-*.img: FRA_IP_PROTO"`
	SourcePortStart   *uint16 `arrow:"source_port_start" doc:"first source port of the packets; NULL for all" src:"rule-*.img: FRA_SPORT_RANGE"`
	SourcePortEnd     *uint16 `arrow:"source_port_end" doc:"last of those ports" src:"rule-*.img: FRA_SPORT_RANGE"`
	DestPortStart     *uint16 `arrow:"destination_port_start" doc:"first destination port of the packets; NULL for all" src:"rule-*.img: FRA_DPORT_RANGE"`
	DestPortEnd       *uint16 `arrow:"destination_port_end" doc:"last of those ports" src:"rule-*.img: FRA_DPORT_RANGE"`
	SourcePortMask    *uint16 `arrow:"source_port_mask" doc:"bits of the source port that count" src:"rule-*.img: FRA_SPORT_MASK"`
	DestPortMask      *uint16 `arrow:"destination_port_mask" doc:"bits of the destination port that count" src:"rule-*.img: FRA_DPORT_MASK"`
	DSCP              *uint8  `arrow:"dscp" doc:"differentiated services code point of the packets; NULL for any" src:"rule-*.img: FRA_DSCP"`
	DSCPMask          *uint8  `arrow:"dscp_mask" doc:"bits of it that count" src:"rule-*.img: FRA_DSCP_MASK"`
	FlowLabel         *uint32 `arrow:"flow_label" doc:"IPv6: flow label of the packets; NULL for any" src:"rule-*.img: FRA_FLOWLABEL"`
	FlowLabelMask     *uint32 `arrow:"flow_label_mask" doc:"IPv6: bits of it that count" src:"rule-*.img: FRA_FLOWLABEL_MASK"`
	OtherAttributes   []byte  `arrow:"other_attributes" sensitive:"no" doc:"attributes of the message without a column, or that could not be read: as they stand there, header and padding included; NULL if none" src:"rule-*.img"`
}
