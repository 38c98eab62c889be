package schema

// SocketOptions are the options of one socket. NULL where the image does not
// keep the option.
type SocketOptions struct {
	_ struct{} `table:"socket_options" key:"checkpoint_id file_id" doc:"The options of a socket."`
	_ struct{} `compare:"family" through:"file_id to file_descriptors(file_id): pid fd"`

	FileID            uint32   `arrow:"file_id" ref:"sockets(file_id)" doc:"its row in sockets"`
	Family            string   `arrow:"family" sensitive:"no" doc:"inet, inet6, unix, netlink, packet"`
	SendBuffer        *uint32  `arrow:"send_buffer_bytes" doc:"SO_SNDBUF: bytes, as the kernel doubled them" src:"files.img: sk_opts_entry.so_sndbuf"`
	ReceiveBuffer     *uint32  `arrow:"receive_buffer_bytes" doc:"SO_RCVBUF: bytes, as the kernel doubled them" src:"files.img: sk_opts_entry.so_rcvbuf"`
	BufferLock        Flags    `arrow:"buffer_lock" doc:"SO_BUF_LOCK: buffers whose size the program fixed" src:"files.img: sk_opts_entry.so_buf_lock"`
	SendTimeoutUS     *uint64  `arrow:"send_timeout_us" range:"uint64" doc:"SO_SNDTIMEO, in microseconds; 0 waits for ever" src:"files.img: sk_opts_entry.so_snd_tmo_sec, so_snd_tmo_usec"`
	ReceiveTimeoutUS  *uint64  `arrow:"receive_timeout_us" range:"uint64" doc:"SO_RCVTIMEO, in microseconds; 0 waits for ever" src:"files.img: sk_opts_entry.so_rcv_tmo_sec, so_rcv_tmo_usec"`
	ReuseAddress      *bool    `arrow:"reuse_address" doc:"SO_REUSEADDR" src:"files.img: sk_opts_entry.reuseaddr"`
	ReusePort         *bool    `arrow:"reuse_port" doc:"SO_REUSEPORT" src:"files.img: sk_opts_entry.so_reuseport"`
	Priority          *uint32  `arrow:"priority" doc:"SO_PRIORITY" src:"files.img: sk_opts_entry.so_priority"`
	ReceiveLowWater   *uint32  `arrow:"receive_low_water_bytes" doc:"SO_RCVLOWAT: bytes that make it readable" src:"files.img: sk_opts_entry.so_rcvlowat"`
	Mark              *uint32  `arrow:"mark" doc:"SO_MARK: mark of its packets, for routing and firewall" src:"files.img: sk_opts_entry.so_mark"`
	PassCredentials   *bool    `arrow:"pass_credentials" doc:"SO_PASSCRED" src:"files.img: sk_opts_entry.so_passcred"`
	PassSecurity      *bool    `arrow:"pass_security" doc:"SO_PASSSEC" src:"files.img: sk_opts_entry.so_passsec"`
	DontRoute         *bool    `arrow:"dont_route" doc:"SO_DONTROUTE" src:"files.img: sk_opts_entry.so_dontroute"`
	NoCheck           *bool    `arrow:"no_check" doc:"SO_NO_CHECK: UDP without checksums" src:"files.img: sk_opts_entry.so_no_check"`
	BoundDevice       Text     `arrow:"bound_device" sensitive:"no" doc:"SO_BINDTODEVICE: interface; NULL for none" src:"files.img: sk_opts_entry.so_bound_dev"`
	Broadcast         *bool    `arrow:"broadcast" doc:"SO_BROADCAST" src:"files.img: sk_opts_entry.so_broadcast"`
	Keepalive         *bool    `arrow:"keepalive" doc:"SO_KEEPALIVE" src:"files.img: sk_opts_entry.so_keepalive"`
	OOBInline         *uint32  `arrow:"oob_inline" doc:"SO_OOBINLINE: urgent data stays in the stream" src:"files.img: sk_opts_entry.so_oobinline"`
	LingerSeconds     *uint32  `arrow:"linger_seconds" doc:"SO_LINGER: seconds that close waits; NULL if off" src:"files.img: sk_opts_entry.so_linger"`
	FilterLength      uint32   `arrow:"filter_length" doc:"instructions of the classic BPF filter attached (SO_ATTACH_FILTER); 0 for none"`
	FilterRaw         []uint64 `arrow:"filter_raw" range:"uint64" doc:"the instructions as kept: code<<48, jt<<40, jf<<32, k; NULL for none, as are the next four" src:"files.img: sk_opts_entry.so_filter"`
	FilterCode        []uint16 `arrow:"filter_code" doc:"operation of each instruction, see linux/bpf_common.h" src:"files.img: sk_opts_entry.so_filter"`
	FilterTrue        []uint16 `arrow:"filter_jump_true" doc:"instructions skipped if the condition holds" src:"files.img: sk_opts_entry.so_filter"`
	FilterFalse       []uint16 `arrow:"filter_jump_false" doc:"instructions skipped if it does not" src:"files.img: sk_opts_entry.so_filter"`
	FilterOperand     []uint32 `arrow:"filter_operand" doc:"operand k of each instruction" src:"files.img: sk_opts_entry.so_filter"`
	IPFreebind        *bool    `arrow:"ip_freebind" doc:"IP_FREEBIND: may bind addresses the host does not have" src:"files.img: ip_opts_entry.freebind"`
	IPPacketInfo      *bool    `arrow:"ip_pktinfo" doc:"IP_PKTINFO, IPV6_RECVPKTINFO" src:"files.img: ip_opts_entry.pktinfo"`
	IPTOS             *uint32  `arrow:"ip_tos" doc:"IP_TOS: type of service" src:"files.img: ip_opts_entry.tos"`
	IPTTL             *uint32  `arrow:"ip_ttl" doc:"IP_TTL: hops its packets may take" src:"files.img: ip_opts_entry.ttl"`
	IPHeaderIncluded  *bool    `arrow:"ip_hdrincl" doc:"raw: the program writes the IP header" src:"files.img: ip_opts_raw_entry.hdrincl"`
	IPNoDefrag        *bool    `arrow:"ip_nodefrag" doc:"raw: fragments are not joined" src:"files.img: ip_opts_raw_entry.nodefrag"`
	IPChecksum        *bool    `arrow:"ip_checksum" doc:"raw: IPV6_CHECKSUM" src:"files.img: ip_opts_raw_entry.checksum"`
	ICMPFilter        []uint32 `arrow:"icmp_filter" doc:"raw: words of the mask of ICMP types left out; NULL for none" src:"files.img: ip_opts_raw_entry.icmpv_filter"`
	TCPCork           *bool    `arrow:"tcp_cork" doc:"TCP_CORK" src:"files.img: tcp_opts_entry.cork"`
	TCPNodelay        *bool    `arrow:"tcp_nodelay" doc:"TCP_NODELAY" src:"files.img: tcp_opts_entry.nodelay"`
	TCPKeepCount      *uint32  `arrow:"tcp_keepalive_count" doc:"TCP_KEEPCNT: probes before the connection is given up" src:"files.img: tcp_opts_entry.keepcnt"`
	TCPKeepIdle       *uint32  `arrow:"tcp_keepalive_idle_seconds" doc:"TCP_KEEPIDLE: idle seconds before the first probe" src:"files.img: tcp_opts_entry.keepidle"`
	TCPKeepInterval   *uint32  `arrow:"tcp_keepalive_interval_seconds" doc:"TCP_KEEPINTVL: seconds between probes" src:"files.img: tcp_opts_entry.keepintvl"`
	OldTCPKeepCount   *uint32  `arrow:"old_tcp_keepalive_count" doc:"TCP_KEEPCNT, where old images keep it" src:"files.img: sk_opts_entry.tcp_keepcnt"`
	OldTCPKeepIdle    *uint32  `arrow:"old_tcp_keepalive_idle_seconds" doc:"TCP_KEEPIDLE, where old images keep it" src:"files.img: sk_opts_entry.tcp_keepidle"`
	OldTCPKeepIntervl *uint32  `arrow:"old_tcp_keepalive_interval_seconds" doc:"TCP_KEEPINTVL, where old images keep it" src:"files.img: sk_opts_entry.tcp_keepintvl"`
}

// QueuedPacket is one packet or record that waits in a socket to be read.
// CRIU keeps those of unix sockets; it drops those of UDP.
type QueuedPacket struct {
	_ struct{} `table:"socket_queues" key:"checkpoint_id position" doc:"A packet or record that waits in a socket to be read."`
	_ struct{} `compare:"" order:"queue_position" through:"file_id to file_descriptors(file_id): pid fd" show:"size_bytes sha256"`

	Position      uint32   `arrow:"position" compare:"no" doc:"position in the image, from 0"`
	FileID        uint32   `arrow:"file_id" ref:"sockets(file_id)" doc:"socket that will read it, see sockets" src:"sk-queues.img: sk_packet_entry.id_for"`
	QueuePosition uint32   `arrow:"queue_position" doc:"position in the socket's queue, from 0: the order of reading"`
	Size          uint32   `arrow:"size_bytes" doc:"bytes of it; of a stream socket several writes may be one record" src:"sk-queues.img: sk_packet_entry.length"`
	SHA256        *string  `arrow:"sha256" encode:"plain,bloom" sensitive:"payloads" doc:"SHA-256 of it, lower-case hexadecimal; NULL where cut short"`
	Data          []byte   `arrow:"data" compare:"no" payload:"yes" sensitive:"payloads" doc:"its content; NULL without --payloads, cut at --payload-limit"`
	PassedFileIDs []uint32 `arrow:"passed_file_ids" ref:"files(file_id)" compare:"no" doc:"open files passed in it (SCM_RIGHTS), see files; empty if none" src:"sk-queues.img: scm_entry.rights"`
	PassedPaths   TextList `arrow:"passed_paths" sensitive:"no" doc:"their paths; an empty text where CRIU keeps none"`
	ControlTypes  []uint32 `arrow:"control_types" doc:"types of its control messages: 1 is SCM_RIGHTS" src:"sk-queues.img: scm_entry.type"`
}
