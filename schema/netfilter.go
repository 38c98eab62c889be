package schema

// FirewallRule is one line of a firewall's rules, as text.
type FirewallRule struct {
	_ struct{} `table:"firewall_rules" key:"checkpoint_id net_ns_id backend line_number" doc:"A line of the firewall's rules, CRIU's own marked."`
	_ struct{} `compare:"backend kind family table_name chain object_name" show:"rule_uncounted"`

	NetNsID    uint32  `arrow:"net_ns_id" ref:"namespaces(namespace_id) of kind net" compare:"no" doc:"network namespace" src:"iptables-*.img, ip6tables-*.img, nftables-*.img: name"`
	Backend    string  `arrow:"backend" sensitive:"no" doc:"iptables, ip6tables or nftables: the tool that printed the rules"`
	LineNumber uint32  `arrow:"line_number" compare:"no" doc:"line of the image, from 1"`
	Kind       string  `arrow:"kind" sensitive:"no" doc:"table, chain, rule, set (also maps), definition (a line within a set or other object), object (counter, quota, ...), comment, commit, or unknown"`
	Family     *string `arrow:"family" sensitive:"no" doc:"ip, ip6, inet, arp, bridge, netdev; NULL outside a table"`
	TableName  Text    `arrow:"table_name" sensitive:"no" doc:"table the line is in"`
	Chain      Text    `arrow:"chain" sensitive:"no" doc:"chain the line is in"`
	Object     Text    `arrow:"object_name" sensitive:"no" doc:"nftables: set, map, counter or other object the line is in"`
	Hook       *string `arrow:"hook" sensitive:"no" doc:"chains: where packets enter the chain; NULL for those that only rules lead to. That of an iptables chain is its name"`
	ChainType  *string `arrow:"chain_type" sensitive:"no" doc:"nftables, chains: filter, nat or route"`
	Priority   *string `arrow:"priority" sensitive:"no" doc:"nftables, chains: order among the chains of a hook, a number or a name with an offset"`
	Device     Text    `arrow:"device" sensitive:"no" doc:"nftables, chains: interfaces of a netdev hook"`
	Policy     *string `arrow:"policy" sensitive:"no" doc:"chains with a hook: what happens to packets no rule decides on; lower case"`
	RuleText   Text    `arrow:"rule_text" compare:"no" sensitive:"no" doc:"the line without white space around it; of an nftables chain the line of its hook"`
	Uncounted  Text    `arrow:"rule_uncounted" sensitive:"no" doc:"rule_text without what changes by itself: counters, used quotas, times that elements expire in, the date in a comment of iptables-save"`
	Target     Text    `arrow:"target" sensitive:"no" doc:"rules: what happens to packets that match: a verdict (accept, DROP, masquerade, ...) or a chain, as the backend writes it; NULL if the rule decides nothing itself"`
	TargetKind *string `arrow:"target_kind" sensitive:"no" doc:"rules with a target: verdict, or jump or goto to a chain"`
	Comment    Text    `arrow:"comment" sensitive:"no" doc:"comment of the rule"`
	Packets    *uint64 `arrow:"packets" compare:"no" range:"uint64" doc:"packets counted; NULL without a counter"`
	Bytes      *uint64 `arrow:"bytes" compare:"no" range:"uint64" doc:"bytes counted"`
	IsCRIULock bool    `arrow:"is_criu_lock" doc:"CRIU put it there to keep the network still during the dump; no rule of the container's. True only where the line is exactly what CRIU writes"`
}

// ConntrackEntry is one connection, or expected connection, that the kernel
// tracks.
type ConntrackEntry struct {
	_ struct{} `table:"conntrack_entries" key:"checkpoint_id net_ns_id criu_image position" doc:"A connection, or expected connection, that the kernel tracks."`
	_ struct{} `compare:"kind family protocol original_source_address original_source_port original_destination_address original_destination_port original_icmp_id zone" show:"tcp_state status_names"`

	NetNsID           uint32  `arrow:"net_ns_id" ref:"namespaces(namespace_id) of kind net" compare:"no" doc:"network namespace" src:"netns-ct-*.img, netns-exp-*.img: name"`
	Image             string  `arrow:"criu_image" was:"image" compare:"no" sensitive:"no" doc:"netns-ct or netns-exp: the image it stands in. CRIU up to 4.2 asks for connections where it means expectations, so that netns-exp has the connections of netns-ct again"`
	Position          uint32  `arrow:"position" compare:"no" doc:"position in the image, from 0"`
	Kind              string  `arrow:"kind" sensitive:"no" doc:"connection or expectation, as the message says"`
	IsRepeat          bool    `arrow:"is_repeat" compare:"no" doc:"a connection of netns-exp that netns-ct has too: not to be counted again"`
	Family            Enum    `arrow:"family" doc:"inet or inet6" src:"netns-ct-*.img, netns-exp-*.img: nfgenmsg.nfgen_family"`
	Protocol          Enum    `arrow:"protocol" doc:"protocol over IP" src:"netns-ct-*.img, netns-exp-*.img: CTA_TUPLE_PROTO: CTA_PROTO_NUM"`
	OriginalSource    IP      `arrow:"original_source_address" encode:"bloom" doc:"who opened the connection; of an expectation: who will, as far as it is known (see the mask columns)" src:"netns-ct-*.img, netns-exp-*.img: CTA_TUPLE_ORIG, CTA_EXPECT_TUPLE"`
	OriginalSport     *uint16 `arrow:"original_source_port" doc:"source port, NULL for protocols without" src:"netns-ct-*.img, netns-exp-*.img: CTA_TUPLE_ORIG, CTA_EXPECT_TUPLE"`
	OriginalDest      IP      `arrow:"original_destination_address" encode:"bloom" doc:"where it was opened to" src:"netns-ct-*.img, netns-exp-*.img: CTA_TUPLE_ORIG, CTA_EXPECT_TUPLE"`
	OriginalDport     *uint16 `arrow:"original_destination_port" doc:"destination port" src:"netns-ct-*.img, netns-exp-*.img: CTA_TUPLE_ORIG, CTA_EXPECT_TUPLE"`
	OriginalICMPType  *uint8  `arrow:"original_icmp_type" doc:"ICMP: type" src:"netns-ct-*.img, netns-exp-*.img: CTA_TUPLE_ORIG: CTA_PROTO_ICMP_TYPE, CTA_PROTO_ICMPV6_TYPE"`
	OriginalICMPCode  *uint8  `arrow:"original_icmp_code" doc:"ICMP: code" src:"netns-ct-*.img, netns-exp-*.img: CTA_TUPLE_ORIG: CTA_PROTO_ICMP_CODE, CTA_PROTO_ICMPV6_CODE"`
	OriginalICMPID    *uint16 `arrow:"original_icmp_id" doc:"ICMP: identifier" src:"netns-ct-*.img, netns-exp-*.img: CTA_TUPLE_ORIG: CTA_PROTO_ICMP_ID, CTA_PROTO_ICMPV6_ID"`
	OriginalZone      *uint16 `arrow:"original_zone" doc:"zone of the original direction, where it has its own" src:"netns-ct-*.img, netns-exp-*.img: CTA_TUPLE_ORIG: CTA_TUPLE_ZONE"`
	ReplySource       IP      `arrow:"reply_source_address" encode:"bloom" doc:"who answers: differs from the original destination under address translation" src:"netns-ct-*.img, netns-exp-*.img: CTA_TUPLE_REPLY"`
	ReplySport        *uint16 `arrow:"reply_source_port" doc:"port of the answers" src:"netns-ct-*.img, netns-exp-*.img: CTA_TUPLE_REPLY"`
	ReplyDest         IP      `arrow:"reply_destination_address" encode:"bloom" doc:"where the answers go" src:"netns-ct-*.img, netns-exp-*.img: CTA_TUPLE_REPLY"`
	ReplyDport        *uint16 `arrow:"reply_destination_port" doc:"port the answers go to" src:"netns-ct-*.img, netns-exp-*.img: CTA_TUPLE_REPLY"`
	ReplyICMPType     *uint8  `arrow:"reply_icmp_type" doc:"ICMP: type of the answer" src:"netns-ct-*.img, netns-exp-*.img: CTA_TUPLE_REPLY: CTA_PROTO_ICMP_TYPE, CTA_PROTO_ICMPV6_TYPE"`
	ReplyICMPCode     *uint8  `arrow:"reply_icmp_code" doc:"ICMP: code of the answer" src:"netns-ct-*.img, netns-exp-*.img: CTA_TUPLE_REPLY: CTA_PROTO_ICMP_CODE, CTA_PROTO_ICMPV6_CODE"`
	ReplyICMPID       *uint16 `arrow:"reply_icmp_id" doc:"ICMP: identifier of the answer" src:"netns-ct-*.img, netns-exp-*.img: CTA_TUPLE_REPLY: CTA_PROTO_ICMP_ID, CTA_PROTO_ICMPV6_ID"`
	ReplyZone         *uint16 `arrow:"reply_zone" doc:"zone of the reply direction, where it has its own" src:"netns-ct-*.img, netns-exp-*.img: CTA_TUPLE_REPLY: CTA_TUPLE_ZONE"`
	Status            Flags   `arrow:"status" doc:"state (IPS_*); SEEN_REPLY and ASSURED tell whether it was answered" src:"netns-ct-*.img, netns-exp-*.img: CTA_STATUS"`
	TimeoutSecs       *uint32 `arrow:"timeout_seconds" compare:"no" doc:"seconds until it is forgotten" src:"netns-ct-*.img, netns-exp-*.img: CTA_TIMEOUT, CTA_EXPECT_TIMEOUT"`
	Mark              *uint32 `arrow:"mark" doc:"mark of the connection" src:"netns-ct-*.img, netns-exp-*.img: CTA_MARK"`
	ConnectionID      *uint32 `arrow:"connection_id" compare:"no" doc:"the kernel's id of it" src:"netns-ct-*.img, netns-exp-*.img: CTA_ID, CTA_EXPECT_ID"`
	Use               *uint32 `arrow:"reference_count" compare:"no" doc:"references to it" src:"netns-ct-*.img, netns-exp-*.img: CTA_USE"`
	Zone              *uint16 `arrow:"zone" doc:"zone of both directions" src:"netns-ct-*.img, netns-exp-*.img: CTA_ZONE, CTA_EXPECT_ZONE"`
	Helper            Text    `arrow:"helper" sensitive:"no" doc:"helper that follows the protocol (ftp, sip, ...)" src:"netns-ct-*.img, netns-exp-*.img: CTA_HELP: CTA_HELP_NAME, CTA_EXPECT_HELP_NAME"`
	TCPState          Enum    `arrow:"tcp_state" doc:"TCP: state as the tracker sees it" src:"netns-ct-*.img, netns-exp-*.img: CTA_PROTOINFO_TCP_STATE"`
	OriginalTCPFlags  Flags   `arrow:"original_tcp_flags" doc:"TCP: what was seen of the opener (IP_CT_TCP_FLAG_*)" src:"netns-ct-*.img, netns-exp-*.img: CTA_PROTOINFO_TCP_FLAGS_ORIGINAL"`
	OriginalTCPMask   *uint8  `arrow:"original_tcp_flags_mask" doc:"TCP: bits of them that count" src:"netns-ct-*.img, netns-exp-*.img: CTA_PROTOINFO_TCP_FLAGS_ORIGINAL"`
	OriginalWscale    *uint8  `arrow:"original_window_scale" doc:"TCP: window scale of the opener" src:"netns-ct-*.img, netns-exp-*.img: CTA_PROTOINFO_TCP_WSCALE_ORIGINAL"`
	ReplyTCPFlags     Flags   `arrow:"reply_tcp_flags" doc:"TCP: what was seen of the other end" src:"netns-ct-*.img, netns-exp-*.img: CTA_PROTOINFO_TCP_FLAGS_REPLY"`
	ReplyTCPMask      *uint8  `arrow:"reply_tcp_flags_mask" doc:"TCP: bits of them that count" src:"netns-ct-*.img, netns-exp-*.img: CTA_PROTOINFO_TCP_FLAGS_REPLY"`
	ReplyWscale       *uint8  `arrow:"reply_window_scale" doc:"TCP: window scale of the other end" src:"netns-ct-*.img, netns-exp-*.img: CTA_PROTOINFO_TCP_WSCALE_REPLY"`
	SCTPState         Enum    `arrow:"sctp_state" doc:"SCTP: state" src:"netns-ct-*.img, netns-exp-*.img: CTA_PROTOINFO_SCTP_STATE"`
	OriginalVTag      *uint32 `arrow:"original_sctp_vtag" doc:"SCTP: verification tag of the opener" src:"netns-ct-*.img, netns-exp-*.img: CTA_PROTOINFO_SCTP_VTAG_ORIGINAL"`
	ReplyVTag         *uint32 `arrow:"reply_sctp_vtag" doc:"SCTP: verification tag of the other end" src:"netns-ct-*.img, netns-exp-*.img: CTA_PROTOINFO_SCTP_VTAG_REPLY"`
	DCCPState         *uint8  `arrow:"dccp_state" doc:"DCCP: state, the kernel's number" src:"netns-ct-*.img, netns-exp-*.img: CTA_PROTOINFO_DCCP_STATE"`
	DCCPRole          *uint8  `arrow:"dccp_role" doc:"DCCP: role of the opener, the kernel's number" src:"netns-ct-*.img, netns-exp-*.img: CTA_PROTOINFO_DCCP_ROLE"`
	DCCPHandshakeSeq  *uint64 `arrow:"dccp_handshake_seq" range:"uint64" doc:"DCCP: sequence number of the handshake" src:"netns-ct-*.img, netns-exp-*.img: CTA_PROTOINFO_DCCP_HANDSHAKE_SEQ"`
	OriginalPackets   *uint64 `arrow:"original_packets" compare:"no" range:"uint64" doc:"packets of the opener; NULL where the kernel does not count" src:"netns-ct-*.img, netns-exp-*.img: CTA_COUNTERS_ORIG"`
	OriginalBytes     *uint64 `arrow:"original_bytes" compare:"no" range:"uint64" doc:"bytes of the opener" src:"netns-ct-*.img, netns-exp-*.img: CTA_COUNTERS_ORIG"`
	ReplyPackets      *uint64 `arrow:"reply_packets" compare:"no" range:"uint64" doc:"packets of the other end" src:"netns-ct-*.img, netns-exp-*.img: CTA_COUNTERS_REPLY"`
	ReplyBytes        *uint64 `arrow:"reply_bytes" compare:"no" range:"uint64" doc:"bytes of the other end" src:"netns-ct-*.img, netns-exp-*.img: CTA_COUNTERS_REPLY"`
	StartedNS         *uint64 `arrow:"started_ns" compare:"no" range:"uint64" doc:"when it began, in nanoseconds since 1970; NULL where the kernel does not note it" src:"netns-ct-*.img, netns-exp-*.img: CTA_TIMESTAMP_START"`
	StoppedNS         *uint64 `arrow:"stopped_ns" compare:"no" range:"uint64" doc:"when it ended, in nanoseconds since 1970" src:"netns-ct-*.img, netns-exp-*.img: CTA_TIMESTAMP_STOP"`
	SecurityContext   Text    `arrow:"security_context" sensitive:"no" doc:"SELinux context of its packets" src:"netns-ct-*.img, netns-exp-*.img: CTA_SECCTX_NAME"`
	Labels            []byte  `arrow:"labels" sensitive:"no" doc:"labels, a bit each" src:"netns-ct-*.img, netns-exp-*.img: CTA_LABELS"`
	MasterSource      IP      `arrow:"master_source_address" encode:"bloom" doc:"connection it belongs to (of ftp: the control connection): source" src:"netns-ct-*.img, netns-exp-*.img: CTA_TUPLE_MASTER, CTA_EXPECT_MASTER"`
	MasterSport       *uint16 `arrow:"master_source_port" doc:"source port of that connection" src:"netns-ct-*.img, netns-exp-*.img: CTA_TUPLE_MASTER, CTA_EXPECT_MASTER"`
	MasterDest        IP      `arrow:"master_destination_address" encode:"bloom" doc:"destination of that connection" src:"netns-ct-*.img, netns-exp-*.img: CTA_TUPLE_MASTER, CTA_EXPECT_MASTER"`
	MasterDport       *uint16 `arrow:"master_destination_port" doc:"destination port of that connection" src:"netns-ct-*.img, netns-exp-*.img: CTA_TUPLE_MASTER, CTA_EXPECT_MASTER"`
	MasterProtocol    Enum    `arrow:"master_protocol" doc:"protocol of that connection" src:"netns-ct-*.img, netns-exp-*.img: CTA_TUPLE_MASTER, CTA_EXPECT_MASTER"`
	MaskSource        IP      `arrow:"mask_source_address" encode:"bloom" doc:"expectation: bits of the source address that count" src:"netns-ct-*.img, netns-exp-*.img: CTA_EXPECT_MASK"`
	MaskSport         *uint16 `arrow:"mask_source_port" doc:"expectation: bits of the source port that count; 0 for any port" src:"netns-ct-*.img, netns-exp-*.img: CTA_EXPECT_MASK"`
	MaskDest          IP      `arrow:"mask_destination_address" encode:"bloom" doc:"expectation: bits of the destination address that count" src:"netns-ct-*.img, netns-exp-*.img: CTA_EXPECT_MASK"`
	MaskDport         *uint16 `arrow:"mask_destination_port" doc:"expectation: bits of the destination port that count" src:"netns-ct-*.img, netns-exp-*.img: CTA_EXPECT_MASK"`
	ExpectFlags       Flags   `arrow:"expect_flags" doc:"expectation: NF_CT_EXPECT_*" src:"netns-ct-*.img, netns-exp-*.img: CTA_EXPECT_FLAGS"`
	ExpectClass       *uint32 `arrow:"expect_class" doc:"expectation: class within the helper" src:"netns-ct-*.img, netns-exp-*.img: CTA_EXPECT_CLASS"`
	ExpectFunction    Text    `arrow:"expect_function" sensitive:"no" doc:"expectation: function of the kernel that handles it" src:"netns-ct-*.img, netns-exp-*.img: CTA_EXPECT_FN"`
	NATDirection      *uint32 `arrow:"nat_direction" doc:"expectation: direction that is translated, 0 original, 1 reply" src:"netns-ct-*.img, netns-exp-*.img: CTA_EXPECT_NAT_DIR"`
	NATSource         IP      `arrow:"nat_source_address" encode:"bloom" doc:"expectation: address that is put in" src:"netns-ct-*.img, netns-exp-*.img: CTA_EXPECT_NAT_TUPLE"`
	NATSport          *uint16 `arrow:"nat_source_port" doc:"expectation: port that is put in" src:"netns-ct-*.img, netns-exp-*.img: CTA_EXPECT_NAT_TUPLE"`
	OriginalSeqPos    *uint32 `arrow:"original_seq_correction_position" doc:"TCP: sequence number of the last change of the opener's data by a helper" src:"netns-ct-*.img, netns-exp-*.img: CTA_SEQ_ADJ_ORIG: CTA_SEQADJ_CORRECTION_POS"`
	OriginalSeqBefore *int32  `arrow:"original_seq_offset_before" doc:"TCP: bytes the data had grown by before that" src:"netns-ct-*.img, netns-exp-*.img: CTA_SEQ_ADJ_ORIG: CTA_SEQADJ_OFFSET_BEFORE"`
	OriginalSeqAfter  *int32  `arrow:"original_seq_offset_after" doc:"TCP: bytes the data has grown by since" src:"netns-ct-*.img, netns-exp-*.img: CTA_SEQ_ADJ_ORIG: CTA_SEQADJ_OFFSET_AFTER"`
	ReplySeqPos       *uint32 `arrow:"reply_seq_correction_position" doc:"TCP: the same of the other end's data" src:"netns-ct-*.img, netns-exp-*.img: CTA_SEQ_ADJ_REPLY: CTA_SEQADJ_CORRECTION_POS"`
	ReplySeqBefore    *int32  `arrow:"reply_seq_offset_before" doc:"TCP: bytes it had grown by before" src:"netns-ct-*.img, netns-exp-*.img: CTA_SEQ_ADJ_REPLY: CTA_SEQADJ_OFFSET_BEFORE"`
	ReplySeqAfter     *int32  `arrow:"reply_seq_offset_after" doc:"TCP: bytes it has grown by since" src:"netns-ct-*.img, netns-exp-*.img: CTA_SEQ_ADJ_REPLY: CTA_SEQADJ_OFFSET_AFTER"`
	SynproxyISN       *uint32 `arrow:"synproxy_isn" doc:"SYN proxy: initial sequence number" src:"netns-ct-*.img, netns-exp-*.img: CTA_SYNPROXY_ISN"`
	SynproxyITS       *uint32 `arrow:"synproxy_its" doc:"SYN proxy: initial timestamp" src:"netns-ct-*.img, netns-exp-*.img: CTA_SYNPROXY_ITS"`
	SynproxyTSOff     *uint32 `arrow:"synproxy_timestamp_offset" doc:"SYN proxy: offset of timestamps" src:"netns-ct-*.img, netns-exp-*.img: CTA_SYNPROXY_TSOFF"`
	OtherAttributes   []byte  `arrow:"other_attributes" sensitive:"no" doc:"attributes of the message without a column, or that could not be read: as they stand there, header and padding included; NULL if none" src:"netns-ct-*.img, netns-exp-*.img"`
}
