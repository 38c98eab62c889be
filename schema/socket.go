package schema

// Socket is one socket of any family.
type Socket struct {
	_ struct{} `table:"sockets" key:"checkpoint_id file_id" doc:"A socket of any family."`
	_ struct{} `compare:"family type protocol local_address local_port remote_address remote_port name netlink_portid" show:"state pids"`

	FileID          uint32   `arrow:"file_id" ref:"files(file_id)" compare:"no" doc:"its row in files" src:"files.img: file_entry.id"`
	Family          string   `arrow:"family" sensitive:"no" doc:"inet, inet6, unix, netlink, packet" src:"files.img: inet_sk_entry.family; kind of entry"`
	FamilyCode      uint32   `arrow:"family_code" doc:"number of the family (AF_*)"`
	Type            Enum     `arrow:"type" doc:"stream, dgram, raw, seqpacket, ...; NULL for netlink, which does not keep it" src:"files.img: inet_sk_entry.type, unix_sk_entry.type, packet_sock_entry.type"`
	Protocol        Enum     `arrow:"protocol" doc:"tcp, udp, icmp, ...; of netlink its family (route, audit, ...); of packet the ethertype (all, ip, arp, ...)" src:"files.img: inet_sk_entry.proto, netlink_sk_entry.protocol, packet_sock_entry.protocol"`
	State           Enum     `arrow:"state" doc:"ESTABLISHED, LISTEN, CLOSE, ...; NULL for packet" src:"files.img: inet_sk_entry.state, unix_sk_entry.state, netlink_sk_entry.state"`
	LocalAddress    IP       `arrow:"local_address" encode:"bloom" doc:"address it is bound to; NULL outside inet" src:"files.img: inet_sk_entry.src_addr"`
	LocalPort       *uint32  `arrow:"local_port" doc:"port it is bound to" src:"files.img: inet_sk_entry.src_port"`
	RemoteAddress   IP       `arrow:"remote_address" encode:"bloom" doc:"address it is connected to, as saved: 0.0.0.0 if unconnected" src:"files.img: inet_sk_entry.dst_addr"`
	RemotePort      *uint32  `arrow:"remote_port" doc:"port it is connected to; 0 if unconnected" src:"files.img: inet_sk_entry.dst_port"`
	Inode           *uint32  `arrow:"inode" compare:"no" doc:"inode of the socket; NULL for packet" src:"files.img: inet_sk_entry.ino, unix_sk_entry.ino, netlink_sk_entry.ino"`
	Name            Text     `arrow:"name" sensitive:"no" doc:"unix: path, or @ and an abstract name; NULL if unnamed" src:"files.img: unix_sk_entry.name"`
	PeerInode       *uint32  `arrow:"peer_inode" compare:"no" doc:"unix: other end; NULL if none" src:"files.img: unix_sk_entry.peer"`
	PeerFileID      *uint32  `arrow:"peer_file_id" ref:"sockets(file_id)" compare:"no" doc:"unix: row of the other end, where it is in the checkpoint"`
	PIDs            []uint32 `arrow:"pids" ref:"processes(pid)" doc:"processes that hold it, ascending" src:"fdinfo-*.img"`
	NetNsID         *uint32  `arrow:"net_ns_id" ref:"namespaces(namespace_id) of kind net" compare:"no" doc:"network namespace; NULL where the image does not tell" src:"files.img: inet_sk_entry.ns_id, unix_sk_entry.ns_id, netlink_sk_entry.ns_id, packet_sock_entry.ns_id"`
	OpenFlags       Flags    `arrow:"open_flags" doc:"flags of the open file" src:"files.img: inet_sk_entry.flags, unix_sk_entry.flags, netlink_sk_entry.flags, packet_sock_entry.flags"`
	Backlog         *uint32  `arrow:"backlog" doc:"LISTEN: connections that may wait; else bytes of the kernel's write queue" src:"files.img: inet_sk_entry.backlog, unix_sk_entry.backlog"`
	Shutdown        Enum     `arrow:"shutdown" doc:"directions shut down: NONE, READ, WRITE, BOTH" src:"files.img: inet_sk_entry.shutdown, unix_sk_entry.shutdown"`
	InterfaceName   Text     `arrow:"interface_name" sensitive:"no" doc:"inet6: interface of the address" src:"files.img: inet_sk_entry.ifname"`
	V6Only          *bool    `arrow:"v6only" doc:"inet6: no IPv4" src:"files.img: inet_sk_entry.v6only"`
	BoundDevice     Text     `arrow:"bound_device" sensitive:"no" doc:"interface it is bound to" src:"files.img: sk_opts_entry.so_bound_dev"`
	QueuedPackets   uint32   `arrow:"queued_packets" doc:"packets or records waiting to be read; not of TCP, and CRIU drops those of UDP" src:"sk-queues.img: sk_packet_entry"`
	QueuedBytes     uint64   `arrow:"queued_bytes" range:"uint64" doc:"their bytes" src:"sk-queues.img: sk_packet_entry.length"`
	NameDir         Text     `arrow:"name_dir" sensitive:"no" doc:"unix: folder a relative path starts from" src:"files.img: unix_sk_entry.name_dir"`
	NameDeleted     *bool    `arrow:"name_deleted" doc:"unix: the path has been deleted" src:"files.img: unix_sk_entry.deleted"`
	NameMode        *uint32  `arrow:"name_mode" doc:"unix: permission bits of the path" src:"files.img: file_perms_entry.mode"`
	NameUID         *uint32  `arrow:"name_uid" doc:"unix: owner of the path" src:"files.img: file_perms_entry.uid"`
	NameGID         *uint32  `arrow:"name_gid" doc:"unix: group of the path" src:"files.img: file_perms_entry.gid"`
	MountID         *int32   `arrow:"mount_id" ref:"mounts(mount_id)" compare:"no" doc:"unix: mount of the path" src:"files.img: unix_sk_entry.mnt_id"`
	UnixFlags       Flags    `arrow:"unix_flags" doc:"unix: CRIU's marks, such as EXTERN: other end outside the checkpoint" src:"files.img: unix_sk_entry.uflags"`
	NetlinkPortID   *uint32  `arrow:"netlink_portid" doc:"netlink: own port id" src:"files.img: netlink_sk_entry.portid"`
	NetlinkGroups   []uint32 `arrow:"netlink_groups" doc:"netlink: words of the group mask" src:"files.img: netlink_sk_entry.groups"`
	NetlinkDstPort  *uint32  `arrow:"netlink_dst_portid" doc:"netlink: port id it is connected to" src:"files.img: netlink_sk_entry.dst_portid"`
	NetlinkDstGroup *uint32  `arrow:"netlink_dst_group" doc:"netlink: group it is connected to" src:"files.img: netlink_sk_entry.dst_group"`
	InterfaceIndex  *uint32  `arrow:"interface_index" doc:"packet: interface it listens on; 0 for all" src:"files.img: packet_sock_entry.ifindex"`

	PacketVersion         Enum     `arrow:"packet_version" doc:"packet: layout of its rings" src:"files.img: packet_sock_entry.version"`
	PacketReserve         *uint32  `arrow:"packet_reserve_bytes" doc:"packet: PACKET_RESERVE, room in front of each packet of a ring" src:"files.img: packet_sock_entry.reserve"`
	PacketAuxData         *bool    `arrow:"packet_aux_data" doc:"packet: PACKET_AUXDATA, each packet comes with facts about it" src:"files.img: packet_sock_entry.aux_data"`
	PacketOrigDev         *bool    `arrow:"packet_orig_dev" doc:"packet: PACKET_ORIGDEV, it tells the interface a packet came in by" src:"files.img: packet_sock_entry.orig_dev"`
	PacketVnetHeader      *bool    `arrow:"packet_vnet_header" doc:"packet: PACKET_VNET_HDR, packets have a virtio header in front" src:"files.img: packet_sock_entry.vnet_hdr"`
	PacketLoss            *bool    `arrow:"packet_loss" doc:"packet: PACKET_LOSS, malformed packets are skipped in sending" src:"files.img: packet_sock_entry.loss"`
	PacketTimestamp       Flags    `arrow:"packet_timestamp" doc:"packet: PACKET_TIMESTAMP, where its times come from" src:"files.img: packet_sock_entry.timestamp"`
	PacketCopyThreshold   *uint32  `arrow:"packet_copy_threshold" doc:"packet: PACKET_COPY_THRESH" src:"files.img: packet_sock_entry.copy_thresh"`
	PacketFanout          *uint32  `arrow:"packet_fanout" doc:"packet: PACKET_FANOUT, group (low 16 bits) that shares the packets, and how; NULL for none" src:"files.img: packet_sock_entry.fanout"`
	MembershipInterfaces  []uint32 `arrow:"packet_membership_interfaces" doc:"packet: interface of each membership (PACKET_ADD_MEMBERSHIP); NULL outside packet, as are the next three" src:"files.img: packet_mclist.index"`
	MembershipTypes       []string `arrow:"packet_membership_types" sensitive:"no" doc:"packet: kind of each: MULTICAST, PROMISC (a sniffer), ALLMULTI, UNICAST" src:"files.img: packet_mclist.type"`
	MembershipTypeCodes   []uint32 `arrow:"packet_membership_type_codes" doc:"packet: number of each kind" src:"files.img: packet_mclist.type"`
	MembershipAddresses   [][]byte `arrow:"packet_membership_addresses" sensitive:"no" doc:"packet: hardware address of each" src:"files.img: packet_mclist.addr"`
	ReceiveRingBlockSize  *uint32  `arrow:"packet_rx_ring_block_size" doc:"packet: ring mapped for receiving: bytes of a block; NULL without a ring" src:"files.img: packet_sock_entry.rx_ring, packet_ring.block_size"`
	ReceiveRingBlocks     *uint32  `arrow:"packet_rx_ring_blocks" doc:"packet: its blocks" src:"files.img: packet_sock_entry.rx_ring, packet_ring.block_nr"`
	ReceiveRingFrameSize  *uint32  `arrow:"packet_rx_ring_frame_size" doc:"packet: bytes of a frame" src:"files.img: packet_sock_entry.rx_ring, packet_ring.frame_size"`
	ReceiveRingFrames     *uint32  `arrow:"packet_rx_ring_frames" doc:"packet: its frames" src:"files.img: packet_sock_entry.rx_ring, packet_ring.frame_nr"`
	ReceiveRingTimeoutMS  *uint32  `arrow:"packet_rx_ring_retire_timeout_ms" doc:"packet: milliseconds after which a block is given to the program" src:"files.img: packet_sock_entry.rx_ring, packet_ring.retire_tmo"`
	ReceiveRingPrivate    *uint32  `arrow:"packet_rx_ring_private_bytes" doc:"packet: bytes of a block that are the program's" src:"files.img: packet_sock_entry.rx_ring, packet_ring.sizeof_priv"`
	ReceiveRingFeatures   *uint32  `arrow:"packet_rx_ring_features" doc:"packet: bits of its features (TP_FT_REQ_*)" src:"files.img: packet_sock_entry.rx_ring, packet_ring.features"`
	TransmitRingBlockSize *uint32  `arrow:"packet_tx_ring_block_size" doc:"packet: ring mapped for sending: bytes of a block; NULL without a ring" src:"files.img: packet_sock_entry.tx_ring, packet_ring.block_size"`
	TransmitRingBlocks    *uint32  `arrow:"packet_tx_ring_blocks" doc:"packet: its blocks" src:"files.img: packet_sock_entry.tx_ring, packet_ring.block_nr"`
	TransmitRingFrameSize *uint32  `arrow:"packet_tx_ring_frame_size" doc:"packet: bytes of a frame" src:"files.img: packet_sock_entry.tx_ring, packet_ring.frame_size"`
	TransmitRingFrames    *uint32  `arrow:"packet_tx_ring_frames" doc:"packet: its frames" src:"files.img: packet_sock_entry.tx_ring, packet_ring.frame_nr"`
	TransmitRingTimeoutMS *uint32  `arrow:"packet_tx_ring_retire_timeout_ms" doc:"packet: milliseconds after which a block is given to the program" src:"files.img: packet_sock_entry.tx_ring, packet_ring.retire_tmo"`
	TransmitRingPrivate   *uint32  `arrow:"packet_tx_ring_private_bytes" doc:"packet: bytes of a block that are the program's" src:"files.img: packet_sock_entry.tx_ring, packet_ring.sizeof_priv"`
	TransmitRingFeatures  *uint32  `arrow:"packet_tx_ring_features" doc:"packet: bits of its features (TP_FT_REQ_*)" src:"files.img: packet_sock_entry.tx_ring, packet_ring.features"`
}

// TCPStream is the state of one TCP connection.
type TCPStream struct {
	_ struct{} `table:"tcp_streams" key:"checkpoint_id inode" doc:"The state of a TCP connection."`
	_ struct{} `compare:"" through:"file_id to sockets(file_id): local_address local_port remote_address remote_port" show:"receive_queue_bytes send_queue_bytes"`

	Inode             uint32  `arrow:"inode" compare:"no" doc:"inode of the socket, see sockets" src:"tcp-stream-*.img: name, in hexadecimal"`
	FileID            *uint32 `arrow:"file_id" ref:"sockets(file_id)" doc:"its row in sockets; NULL where no socket has that inode"`
	ReceiveQueueBytes uint32  `arrow:"receive_queue_bytes" doc:"bytes received and not yet read" src:"tcp-stream-*.img: tcp_stream_entry.inq_len"`
	ReceiveSeq        uint32  `arrow:"receive_seq" compare:"no" doc:"sequence number of the receive queue's end" src:"tcp-stream-*.img: tcp_stream_entry.inq_seq"`
	SendQueueBytes    uint32  `arrow:"send_queue_bytes" doc:"bytes written and not yet acknowledged" src:"tcp-stream-*.img: tcp_stream_entry.outq_len"`
	SendSeq           uint32  `arrow:"send_seq" compare:"no" doc:"sequence number of the send queue's end" src:"tcp-stream-*.img: tcp_stream_entry.outq_seq"`
	UnsentBytes       *uint32 `arrow:"unsent_bytes" doc:"of these, bytes never sent" src:"tcp-stream-*.img: tcp_stream_entry.unsq_len"`
	Options           Flags   `arrow:"options" doc:"options agreed on" src:"tcp-stream-*.img: tcp_stream_entry.opt_mask"`
	SendWscale        uint32  `arrow:"send_wscale" doc:"window scale of the other side, as a shift" src:"tcp-stream-*.img: tcp_stream_entry.snd_wscale"`
	ReceiveWscale     *uint32 `arrow:"receive_wscale" doc:"own window scale" src:"tcp-stream-*.img: tcp_stream_entry.rcv_wscale"`
	MSSClamp          uint32  `arrow:"mss_clamp" doc:"largest segment, in bytes" src:"tcp-stream-*.img: tcp_stream_entry.mss_clamp"`
	Timestamp         *uint32 `arrow:"timestamp" compare:"no" doc:"TCP timestamp clock" src:"tcp-stream-*.img: tcp_stream_entry.timestamp"`
	Cork              *bool   `arrow:"cork" doc:"TCP_CORK, in old images" src:"tcp-stream-*.img: tcp_stream_entry.cork"`
	Nodelay           *bool   `arrow:"nodelay" doc:"TCP_NODELAY, in old images" src:"tcp-stream-*.img: tcp_stream_entry.nodelay"`
	SndWl1            *uint32 `arrow:"snd_wl1" compare:"no" doc:"sequence number of the last window update" src:"tcp-stream-*.img: tcp_stream_entry.snd_wl1"`
	SndWnd            *uint32 `arrow:"snd_wnd" compare:"no" doc:"window of the other side, in bytes" src:"tcp-stream-*.img: tcp_stream_entry.snd_wnd"`
	MaxWindow         *uint32 `arrow:"max_window" compare:"no" doc:"largest window the other side offered, in bytes" src:"tcp-stream-*.img: tcp_stream_entry.max_window"`
	RcvWnd            *uint32 `arrow:"rcv_wnd" compare:"no" doc:"own window, in bytes" src:"tcp-stream-*.img: tcp_stream_entry.rcv_wnd"`
	RcvWup            *uint32 `arrow:"rcv_wup" compare:"no" doc:"sequence number when the own window was last offered" src:"tcp-stream-*.img: tcp_stream_entry.rcv_wup"`
	ReceiveSHA256     *string `arrow:"receive_sha256" encode:"plain,bloom" sensitive:"payloads" doc:"SHA-256 of the receive queue; NULL where cut short"`
	SendSHA256        *string `arrow:"send_sha256" encode:"plain,bloom" sensitive:"payloads" doc:"SHA-256 of the send queue; NULL where cut short"`
	ReceiveData       []byte  `arrow:"receive_data" compare:"no" payload:"yes" sensitive:"payloads" doc:"the receive queue; NULL without --payloads, cut at --payload-limit" src:"tcp-stream-*.img: behind tcp_stream_entry"`
	SendData          []byte  `arrow:"send_data" compare:"no" payload:"yes" sensitive:"payloads" doc:"the send queue; NULL without --payloads, cut at --payload-limit" src:"tcp-stream-*.img: behind tcp_stream_entry"`
}
