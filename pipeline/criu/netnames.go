package criu

import "golang.org/x/sys/unix"

// DeviceType names net_device_entry.type.
var DeviceType = Enum{"network_device_type", "netdev.proto: nd_type",
	numbered("", "LOOPBACK", "VETH", "TUN", "EXTLINK", "VENET", "BRIDGE", "MACVLAN", "SIT")}

// SysctlType names sysctl_entry.type.
var SysctlType = Enum{"sysctl_type", "sysctl.proto: SysctlType", map[uint64]string{5: "STR", 6: "32"}}

// MacvlanMode names macvlan_link_entry.mode.
var MacvlanMode = Enum{"macvlan_mode", "linux/if_link.h (MACVLAN_MODE_*)",
	map[uint64]string{1: "PRIVATE", 2: "VEPA", 4: "BRIDGE", 8: "PASSTHRU", 16: "SOURCE"}}

// TunnelEncap names sit_entry.encap_type.
var TunnelEncap = Enum{"tunnel_encap_type", "linux/if_tunnel.h (TUNNEL_ENCAP_*)", numbered("NONE", "FOU", "GUE", "MPLS")}

// SitProtocol names sit_entry.proto.
var SitProtocol = Enum{"sit_protocol", "linux/in.h (IPPROTO_*)", map[uint64]string{
	0: "any", unix.IPPROTO_IPIP: "ipip", unix.IPPROTO_IPV6: "ipv6", unix.IPPROTO_MPLS: "mpls"}}

// RouteType names rtmsg.rtm_type.
var RouteType = Enum{"route_type", "linux/rtnetlink.h (RTN_*)", map[uint64]string{
	unix.RTN_UNSPEC: "UNSPEC", unix.RTN_UNICAST: "UNICAST", unix.RTN_LOCAL: "LOCAL", unix.RTN_BROADCAST: "BROADCAST",
	unix.RTN_ANYCAST: "ANYCAST", unix.RTN_MULTICAST: "MULTICAST", unix.RTN_BLACKHOLE: "BLACKHOLE",
	unix.RTN_UNREACHABLE: "UNREACHABLE", unix.RTN_PROHIBIT: "PROHIBIT", unix.RTN_THROW: "THROW", unix.RTN_NAT: "NAT",
	unix.RTN_XRESOLVE: "XRESOLVE"}}

// RouteProtocol names who added a route or a routing rule.
var RouteProtocol = Enum{"route_protocol", "linux/rtnetlink.h (RTPROT_*)", map[uint64]string{
	unix.RTPROT_UNSPEC: "UNSPEC", unix.RTPROT_REDIRECT: "REDIRECT", unix.RTPROT_KERNEL: "KERNEL", unix.RTPROT_BOOT: "BOOT",
	unix.RTPROT_STATIC: "STATIC", unix.RTPROT_GATED: "GATED", unix.RTPROT_RA: "RA", unix.RTPROT_MRT: "MRT",
	unix.RTPROT_ZEBRA: "ZEBRA", unix.RTPROT_BIRD: "BIRD", unix.RTPROT_DNROUTED: "DNROUTED", unix.RTPROT_XORP: "XORP",
	unix.RTPROT_NTK: "NTK", unix.RTPROT_DHCP: "DHCP", unix.RTPROT_MROUTED: "MROUTED", unix.RTPROT_KEEPALIVED: "KEEPALIVED",
	unix.RTPROT_BABEL: "BABEL", unix.RTPROT_OPENR: "OPENR", unix.RTPROT_BGP: "BGP", unix.RTPROT_ISIS: "ISIS",
	unix.RTPROT_OSPF: "OSPF", unix.RTPROT_RIP: "RIP", unix.RTPROT_EIGRP: "EIGRP"}}

// RouteScope names scopes of routes and addresses.
var RouteScope = Enum{"route_scope", "linux/rtnetlink.h (RT_SCOPE_*)", map[uint64]string{
	unix.RT_SCOPE_UNIVERSE: "UNIVERSE", unix.RT_SCOPE_SITE: "SITE", unix.RT_SCOPE_LINK: "LINK", unix.RT_SCOPE_HOST: "HOST",
	unix.RT_SCOPE_NOWHERE: "NOWHERE"}}

// RoutePreference names RTA_PREF.
var RoutePreference = Enum{"route_preference", "linux/icmpv6.h (ICMPV6_ROUTER_PREF_*)", map[uint64]string{
	0: "MEDIUM", 1: "HIGH", 2: "INVALID", 3: "LOW"}}

// RouteEncap names RTA_ENCAP_TYPE.
var RouteEncap = Enum{"route_encap_type", "linux/lwtunnel.h (LWTUNNEL_ENCAP_*)", map[uint64]string{
	unix.LWTUNNEL_ENCAP_NONE: "NONE", unix.LWTUNNEL_ENCAP_MPLS: "MPLS", unix.LWTUNNEL_ENCAP_IP: "IP", unix.LWTUNNEL_ENCAP_ILA: "ILA",
	unix.LWTUNNEL_ENCAP_IP6: "IP6", unix.LWTUNNEL_ENCAP_SEG6: "SEG6", unix.LWTUNNEL_ENCAP_BPF: "BPF",
	unix.LWTUNNEL_ENCAP_SEG6_LOCAL: "SEG6_LOCAL", unix.LWTUNNEL_ENCAP_RPL: "RPL", unix.LWTUNNEL_ENCAP_IOAM6: "IOAM6",
	unix.LWTUNNEL_ENCAP_XFRM: "XFRM"}}

// RouteMetric names the attributes within RTA_METRICS.
var RouteMetric = Enum{"route_metric", "linux/rtnetlink.h (RTAX_*)", map[uint64]string{
	unix.RTAX_LOCK: "lock", unix.RTAX_MTU: "mtu", unix.RTAX_WINDOW: "window", unix.RTAX_RTT: "rtt", unix.RTAX_RTTVAR: "rttvar",
	unix.RTAX_SSTHRESH: "ssthresh", unix.RTAX_CWND: "cwnd", unix.RTAX_ADVMSS: "advmss", unix.RTAX_REORDERING: "reordering",
	unix.RTAX_HOPLIMIT: "hoplimit", unix.RTAX_INITCWND: "initcwnd", unix.RTAX_FEATURES: "features", unix.RTAX_RTO_MIN: "rto_min",
	unix.RTAX_INITRWND: "initrwnd", unix.RTAX_QUICKACK: "quickack", unix.RTAX_CC_ALGO: "congestion",
	unix.RTAX_FASTOPEN_NO_COOKIE: "fastopen_no_cookie"}}

// RuleAction names fib_rule_hdr.action.
var RuleAction = Enum{"routing_rule_action", "linux/fib_rules.h (FR_ACT_*)", map[uint64]string{
	unix.FR_ACT_UNSPEC: "UNSPEC", unix.FR_ACT_TO_TBL: "TO_TBL", unix.FR_ACT_GOTO: "GOTO", unix.FR_ACT_NOP: "NOP",
	unix.FR_ACT_BLACKHOLE: "BLACKHOLE", unix.FR_ACT_UNREACHABLE: "UNREACHABLE", unix.FR_ACT_PROHIBIT: "PROHIBIT"}}

// AddressProtocol names IFA_PROTO.
var AddressProtocol = Enum{"address_protocol", "linux/if_addr.h (IFAPROT_*)", numbered("UNSPEC", "KERNEL_LO", "KERNEL_RA", "KERNEL_LL")}

// ConntrackTCPState names the tracker's states of TCP, which are not those of
// sockets.
var ConntrackTCPState = Enum{"conntrack_tcp_state", "linux/netfilter/nf_conntrack_tcp.h", numbered("NONE", "SYN_SENT", "SYN_RECV",
	"ESTABLISHED", "FIN_WAIT", "CLOSE_WAIT", "LAST_ACK", "TIME_WAIT", "CLOSE", "SYN_SENT2")}

// ConntrackSCTPState names the tracker's states of SCTP.
var ConntrackSCTPState = Enum{"conntrack_sctp_state", "linux/netfilter/nf_conntrack_sctp.h", numbered("NONE", "CLOSED", "COOKIE_WAIT",
	"COOKIE_ECHOED", "ESTABLISHED", "SHUTDOWN_SENT", "SHUTDOWN_RECD", "SHUTDOWN_ACK_SENT", "HEARTBEAT_SENT", "HEARTBEAT_ACKED")}

// DeviceFlags names net_device_entry.flags.
var DeviceFlags = Flags{"network_device_flags", "linux/if.h (IFF_*)", []Flag{
	{Value: unix.IFF_UP, Name: "UP"}, {Value: unix.IFF_BROADCAST, Name: "BROADCAST"}, {Value: unix.IFF_DEBUG, Name: "DEBUG"},
	{Value: unix.IFF_LOOPBACK, Name: "LOOPBACK"}, {Value: unix.IFF_POINTOPOINT, Name: "POINTOPOINT"},
	{Value: unix.IFF_NOTRAILERS, Name: "NOTRAILERS"}, {Value: unix.IFF_RUNNING, Name: "RUNNING"}, {Value: unix.IFF_NOARP, Name: "NOARP"},
	{Value: unix.IFF_PROMISC, Name: "PROMISC"}, {Value: unix.IFF_ALLMULTI, Name: "ALLMULTI"}, {Value: unix.IFF_MASTER, Name: "MASTER"},
	{Value: unix.IFF_SLAVE, Name: "SLAVE"}, {Value: unix.IFF_MULTICAST, Name: "MULTICAST"}, {Value: unix.IFF_PORTSEL, Name: "PORTSEL"},
	{Value: unix.IFF_AUTOMEDIA, Name: "AUTOMEDIA"}, {Value: unix.IFF_DYNAMIC, Name: "DYNAMIC"}, {Value: unix.IFF_LOWER_UP, Name: "LOWER_UP"},
	{Value: unix.IFF_DORMANT, Name: "DORMANT"}, {Value: unix.IFF_ECHO, Name: "ECHO"},
}}

// TunFlags names tun_link_entry.flags.
var TunFlags = Flags{"tun_flags", "linux/if_tun.h (IFF_*)", []Flag{
	{Value: unix.IFF_TUN, Name: "TUN"}, {Value: unix.IFF_TAP, Name: "TAP"}, {Value: unix.IFF_NAPI, Name: "NAPI"},
	{Value: unix.IFF_NAPI_FRAGS, Name: "NAPI_FRAGS"}, {Value: unix.IFF_NO_CARRIER, Name: "NO_CARRIER"},
	{Value: unix.IFF_MULTI_QUEUE, Name: "MULTI_QUEUE"}, {Value: unix.IFF_ATTACH_QUEUE, Name: "ATTACH_QUEUE"},
	{Value: unix.IFF_DETACH_QUEUE, Name: "DETACH_QUEUE"}, {Value: unix.IFF_PERSIST, Name: "PERSIST"},
	{Value: unix.IFF_NO_PI, Name: "NO_PI"}, {Value: unix.IFF_ONE_QUEUE, Name: "ONE_QUEUE"}, {Value: unix.IFF_VNET_HDR, Name: "VNET_HDR"},
	{Value: unix.IFF_TUN_EXCL, Name: "TUN_EXCL"},
}}

// MacvlanFlags names macvlan_link_entry.flags.
var MacvlanFlags = Flags{"macvlan_flags", "linux/if_link.h (MACVLAN_FLAG_*)", bitNames("NOPROMISC", "NODST")}

// SitFlags names sit_entry.flags.
var SitFlags = Flags{"sit_flags", "linux/if_tunnel.h (SIT_*)", bitNames("ISATAP")}

// TunnelEncapFlags names sit_entry.encap_flags.
var TunnelEncapFlags = Flags{"tunnel_encap_flags", "linux/if_tunnel.h (TUNNEL_ENCAP_FLAG_*)", bitNames("CSUM", "CSUM6", "REMCSUM")}

// AddressFlags names flags of addresses. The first bit is TEMPORARY for IPv6.
var AddressFlags = Flags{"address_flags", "linux/if_addr.h (IFA_F_*)", []Flag{
	{Value: unix.IFA_F_SECONDARY, Name: "SECONDARY"}, {Value: unix.IFA_F_NODAD, Name: "NODAD"}, {Value: unix.IFA_F_OPTIMISTIC, Name: "OPTIMISTIC"},
	{Value: unix.IFA_F_DADFAILED, Name: "DADFAILED"}, {Value: unix.IFA_F_HOMEADDRESS, Name: "HOMEADDRESS"},
	{Value: unix.IFA_F_DEPRECATED, Name: "DEPRECATED"}, {Value: unix.IFA_F_TENTATIVE, Name: "TENTATIVE"},
	{Value: unix.IFA_F_PERMANENT, Name: "PERMANENT"}, {Value: unix.IFA_F_MANAGETEMPADDR, Name: "MANAGETEMPADDR"},
	{Value: unix.IFA_F_NOPREFIXROUTE, Name: "NOPREFIXROUTE"}, {Value: unix.IFA_F_MCAUTOJOIN, Name: "MCAUTOJOIN"},
	{Value: unix.IFA_F_STABLE_PRIVACY, Name: "STABLE_PRIVACY"},
}}

// RouteFlags names rtmsg.rtm_flags, and rtnexthop.rtnh_flags (the low bits).
var RouteFlags = Flags{"route_flags", "linux/rtnetlink.h (RTNH_F_*, RTM_F_*)", []Flag{
	{Value: unix.RTNH_F_DEAD, Name: "DEAD"}, {Value: unix.RTNH_F_PERVASIVE, Name: "PERVASIVE"}, {Value: unix.RTNH_F_ONLINK, Name: "ONLINK"},
	{Value: unix.RTNH_F_OFFLOAD, Name: "NH_OFFLOAD"}, {Value: unix.RTNH_F_LINKDOWN, Name: "LINKDOWN"},
	{Value: unix.RTNH_F_UNRESOLVED, Name: "UNRESOLVED"}, {Value: unix.RTNH_F_TRAP, Name: "NH_TRAP"},
	{Value: unix.RTM_F_NOTIFY, Name: "NOTIFY"}, {Value: unix.RTM_F_CLONED, Name: "CLONED"}, {Value: unix.RTM_F_EQUALIZE, Name: "EQUALIZE"},
	{Value: unix.RTM_F_PREFIX, Name: "PREFIX"}, {Value: unix.RTM_F_LOOKUP_TABLE, Name: "LOOKUP_TABLE"},
	{Value: unix.RTM_F_FIB_MATCH, Name: "FIB_MATCH"}, {Value: unix.RTM_F_OFFLOAD, Name: "OFFLOAD"}, {Value: unix.RTM_F_TRAP, Name: "TRAP"},
	{Value: unix.RTM_F_OFFLOAD_FAILED, Name: "OFFLOAD_FAILED"},
}}

// RuleFlags names fib_rule_hdr.flags.
var RuleFlags = Flags{"routing_rule_flags", "linux/fib_rules.h (FIB_RULE_*)", []Flag{
	{Value: unix.FIB_RULE_PERMANENT, Name: "PERMANENT"}, {Value: unix.FIB_RULE_INVERT, Name: "INVERT"},
	{Value: unix.FIB_RULE_UNRESOLVED, Name: "UNRESOLVED"}, {Value: unix.FIB_RULE_IIF_DETACHED, Name: "IIF_DETACHED"},
	{Value: unix.FIB_RULE_OIF_DETACHED, Name: "OIF_DETACHED"}, {Value: unix.FIB_RULE_FIND_SADDR, Name: "FIND_SADDR"},
}}

// ConntrackStatus names CTA_STATUS.
var ConntrackStatus = Flags{"conntrack_status", "linux/netfilter/nf_conntrack_common.h (IPS_*)", bitNames("EXPECTED", "SEEN_REPLY", "ASSURED",
	"CONFIRMED", "SRC_NAT", "DST_NAT", "SEQ_ADJUST", "SRC_NAT_DONE", "DST_NAT_DONE", "DYING", "FIXED_TIMEOUT", "TEMPLATE",
	"UNTRACKED", "HELPER", "OFFLOAD", "HW_OFFLOAD")}

// ConntrackTCPFlags names the tracker's flags of each end of a connection.
var ConntrackTCPFlags = Flags{"conntrack_tcp_flags", "linux/netfilter/nf_conntrack_tcp.h (IP_CT_TCP_FLAG_*)", bitNames("WINDOW_SCALE", "SACK_PERM",
	"CLOSE_INIT", "BE_LIBERAL", "DATA_UNACKNOWLEDGED", "MAXACK_SET", "EXP_CHALLENGE_ACK", "SIMULTANEOUS_OPEN")}

// ExpectFlags names CTA_EXPECT_FLAGS.
var ExpectFlags = Flags{"conntrack_expect_flags", "linux/netfilter/nf_conntrack_common.h (NF_CT_EXPECT_*)", bitNames("PERMANENT", "INACTIVE", "USERSPACE")}
