package criu

import "github.com/ckexport/ckexport/pipeline/kernel"

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
	0: "any", kernel.IPPROTO_IPIP: "ipip", kernel.IPPROTO_IPV6: "ipv6", kernel.IPPROTO_MPLS: "mpls"}}

// RouteType names rtmsg.rtm_type.
var RouteType = Enum{"route_type", "linux/rtnetlink.h (RTN_*)", map[uint64]string{
	kernel.RTN_UNSPEC: "UNSPEC", kernel.RTN_UNICAST: "UNICAST", kernel.RTN_LOCAL: "LOCAL", kernel.RTN_BROADCAST: "BROADCAST",
	kernel.RTN_ANYCAST: "ANYCAST", kernel.RTN_MULTICAST: "MULTICAST", kernel.RTN_BLACKHOLE: "BLACKHOLE",
	kernel.RTN_UNREACHABLE: "UNREACHABLE", kernel.RTN_PROHIBIT: "PROHIBIT", kernel.RTN_THROW: "THROW", kernel.RTN_NAT: "NAT",
	kernel.RTN_XRESOLVE: "XRESOLVE"}}

// RouteProtocol names who added a route or a routing rule.
var RouteProtocol = Enum{"route_protocol", "linux/rtnetlink.h (RTPROT_*)", map[uint64]string{
	kernel.RTPROT_UNSPEC: "UNSPEC", kernel.RTPROT_REDIRECT: "REDIRECT", kernel.RTPROT_KERNEL: "KERNEL", kernel.RTPROT_BOOT: "BOOT",
	kernel.RTPROT_STATIC: "STATIC", kernel.RTPROT_GATED: "GATED", kernel.RTPROT_RA: "RA", kernel.RTPROT_MRT: "MRT",
	kernel.RTPROT_ZEBRA: "ZEBRA", kernel.RTPROT_BIRD: "BIRD", kernel.RTPROT_DNROUTED: "DNROUTED", kernel.RTPROT_XORP: "XORP",
	kernel.RTPROT_NTK: "NTK", kernel.RTPROT_DHCP: "DHCP", kernel.RTPROT_MROUTED: "MROUTED", kernel.RTPROT_KEEPALIVED: "KEEPALIVED",
	kernel.RTPROT_BABEL: "BABEL", kernel.RTPROT_OPENR: "OPENR", kernel.RTPROT_BGP: "BGP", kernel.RTPROT_ISIS: "ISIS",
	kernel.RTPROT_OSPF: "OSPF", kernel.RTPROT_RIP: "RIP", kernel.RTPROT_EIGRP: "EIGRP"}}

// RouteScope names scopes of routes and addresses.
var RouteScope = Enum{"route_scope", "linux/rtnetlink.h (RT_SCOPE_*)", map[uint64]string{
	kernel.RT_SCOPE_UNIVERSE: "UNIVERSE", kernel.RT_SCOPE_SITE: "SITE", kernel.RT_SCOPE_LINK: "LINK", kernel.RT_SCOPE_HOST: "HOST",
	kernel.RT_SCOPE_NOWHERE: "NOWHERE"}}

// RoutePreference names RTA_PREF.
var RoutePreference = Enum{"route_preference", "linux/icmpv6.h (ICMPV6_ROUTER_PREF_*)", map[uint64]string{
	0: "MEDIUM", 1: "HIGH", 2: "INVALID", 3: "LOW"}}

// RouteEncap names RTA_ENCAP_TYPE.
var RouteEncap = Enum{"route_encap_type", "linux/lwtunnel.h (LWTUNNEL_ENCAP_*)", map[uint64]string{
	kernel.LWTUNNEL_ENCAP_NONE: "NONE", kernel.LWTUNNEL_ENCAP_MPLS: "MPLS", kernel.LWTUNNEL_ENCAP_IP: "IP", kernel.LWTUNNEL_ENCAP_ILA: "ILA",
	kernel.LWTUNNEL_ENCAP_IP6: "IP6", kernel.LWTUNNEL_ENCAP_SEG6: "SEG6", kernel.LWTUNNEL_ENCAP_BPF: "BPF",
	kernel.LWTUNNEL_ENCAP_SEG6_LOCAL: "SEG6_LOCAL", kernel.LWTUNNEL_ENCAP_RPL: "RPL", kernel.LWTUNNEL_ENCAP_IOAM6: "IOAM6",
	kernel.LWTUNNEL_ENCAP_XFRM: "XFRM"}}

// RouteMetric names the attributes within RTA_METRICS.
var RouteMetric = Enum{"route_metric", "linux/rtnetlink.h (RTAX_*)", map[uint64]string{
	kernel.RTAX_LOCK: "lock", kernel.RTAX_MTU: "mtu", kernel.RTAX_WINDOW: "window", kernel.RTAX_RTT: "rtt", kernel.RTAX_RTTVAR: "rttvar",
	kernel.RTAX_SSTHRESH: "ssthresh", kernel.RTAX_CWND: "cwnd", kernel.RTAX_ADVMSS: "advmss", kernel.RTAX_REORDERING: "reordering",
	kernel.RTAX_HOPLIMIT: "hoplimit", kernel.RTAX_INITCWND: "initcwnd", kernel.RTAX_FEATURES: "features", kernel.RTAX_RTO_MIN: "rto_min",
	kernel.RTAX_INITRWND: "initrwnd", kernel.RTAX_QUICKACK: "quickack", kernel.RTAX_CC_ALGO: "congestion",
	kernel.RTAX_FASTOPEN_NO_COOKIE: "fastopen_no_cookie"}}

// RuleAction names fib_rule_hdr.action.
var RuleAction = Enum{"routing_rule_action", "linux/fib_rules.h (FR_ACT_*)", map[uint64]string{
	kernel.FR_ACT_UNSPEC: "UNSPEC", kernel.FR_ACT_TO_TBL: "TO_TBL", kernel.FR_ACT_GOTO: "GOTO", kernel.FR_ACT_NOP: "NOP",
	kernel.FR_ACT_BLACKHOLE: "BLACKHOLE", kernel.FR_ACT_UNREACHABLE: "UNREACHABLE", kernel.FR_ACT_PROHIBIT: "PROHIBIT"}}

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
	{Value: kernel.IFF_UP, Name: "UP"}, {Value: kernel.IFF_BROADCAST, Name: "BROADCAST"}, {Value: kernel.IFF_DEBUG, Name: "DEBUG"},
	{Value: kernel.IFF_LOOPBACK, Name: "LOOPBACK"}, {Value: kernel.IFF_POINTOPOINT, Name: "POINTOPOINT"},
	{Value: kernel.IFF_NOTRAILERS, Name: "NOTRAILERS"}, {Value: kernel.IFF_RUNNING, Name: "RUNNING"}, {Value: kernel.IFF_NOARP, Name: "NOARP"},
	{Value: kernel.IFF_PROMISC, Name: "PROMISC"}, {Value: kernel.IFF_ALLMULTI, Name: "ALLMULTI"}, {Value: kernel.IFF_MASTER, Name: "MASTER"},
	{Value: kernel.IFF_SLAVE, Name: "SLAVE"}, {Value: kernel.IFF_MULTICAST, Name: "MULTICAST"}, {Value: kernel.IFF_PORTSEL, Name: "PORTSEL"},
	{Value: kernel.IFF_AUTOMEDIA, Name: "AUTOMEDIA"}, {Value: kernel.IFF_DYNAMIC, Name: "DYNAMIC"}, {Value: kernel.IFF_LOWER_UP, Name: "LOWER_UP"},
	{Value: kernel.IFF_DORMANT, Name: "DORMANT"}, {Value: kernel.IFF_ECHO, Name: "ECHO"},
}}

// TunFlags names tun_link_entry.flags.
var TunFlags = Flags{"tun_flags", "linux/if_tun.h (IFF_*)", []Flag{
	{Value: kernel.IFF_TUN, Name: "TUN"}, {Value: kernel.IFF_TAP, Name: "TAP"}, {Value: kernel.IFF_NAPI, Name: "NAPI"},
	{Value: kernel.IFF_NAPI_FRAGS, Name: "NAPI_FRAGS"}, {Value: kernel.IFF_NO_CARRIER, Name: "NO_CARRIER"},
	{Value: kernel.IFF_MULTI_QUEUE, Name: "MULTI_QUEUE"}, {Value: kernel.IFF_ATTACH_QUEUE, Name: "ATTACH_QUEUE"},
	{Value: kernel.IFF_DETACH_QUEUE, Name: "DETACH_QUEUE"}, {Value: kernel.IFF_PERSIST, Name: "PERSIST"},
	{Value: kernel.IFF_NO_PI, Name: "NO_PI"}, {Value: kernel.IFF_ONE_QUEUE, Name: "ONE_QUEUE"}, {Value: kernel.IFF_VNET_HDR, Name: "VNET_HDR"},
	{Value: kernel.IFF_TUN_EXCL, Name: "TUN_EXCL"},
}}

// MacvlanFlags names macvlan_link_entry.flags.
var MacvlanFlags = Flags{"macvlan_flags", "linux/if_link.h (MACVLAN_FLAG_*)", bitNames("NOPROMISC", "NODST")}

// SitFlags names sit_entry.flags.
var SitFlags = Flags{"sit_flags", "linux/if_tunnel.h (SIT_*)", bitNames("ISATAP")}

// TunnelEncapFlags names sit_entry.encap_flags.
var TunnelEncapFlags = Flags{"tunnel_encap_flags", "linux/if_tunnel.h (TUNNEL_ENCAP_FLAG_*)", bitNames("CSUM", "CSUM6", "REMCSUM")}

// AddressFlags names flags of addresses. The first bit is TEMPORARY for IPv6.
var AddressFlags = Flags{"address_flags", "linux/if_addr.h (IFA_F_*)", []Flag{
	{Value: kernel.IFA_F_SECONDARY, Name: "SECONDARY"}, {Value: kernel.IFA_F_NODAD, Name: "NODAD"}, {Value: kernel.IFA_F_OPTIMISTIC, Name: "OPTIMISTIC"},
	{Value: kernel.IFA_F_DADFAILED, Name: "DADFAILED"}, {Value: kernel.IFA_F_HOMEADDRESS, Name: "HOMEADDRESS"},
	{Value: kernel.IFA_F_DEPRECATED, Name: "DEPRECATED"}, {Value: kernel.IFA_F_TENTATIVE, Name: "TENTATIVE"},
	{Value: kernel.IFA_F_PERMANENT, Name: "PERMANENT"}, {Value: kernel.IFA_F_MANAGETEMPADDR, Name: "MANAGETEMPADDR"},
	{Value: kernel.IFA_F_NOPREFIXROUTE, Name: "NOPREFIXROUTE"}, {Value: kernel.IFA_F_MCAUTOJOIN, Name: "MCAUTOJOIN"},
	{Value: kernel.IFA_F_STABLE_PRIVACY, Name: "STABLE_PRIVACY"},
}}

// RouteFlags names rtmsg.rtm_flags, and rtnexthop.rtnh_flags (the low bits).
var RouteFlags = Flags{"route_flags", "linux/rtnetlink.h (RTNH_F_*, RTM_F_*)", []Flag{
	{Value: kernel.RTNH_F_DEAD, Name: "DEAD"}, {Value: kernel.RTNH_F_PERVASIVE, Name: "PERVASIVE"}, {Value: kernel.RTNH_F_ONLINK, Name: "ONLINK"},
	{Value: kernel.RTNH_F_OFFLOAD, Name: "NH_OFFLOAD"}, {Value: kernel.RTNH_F_LINKDOWN, Name: "LINKDOWN"},
	{Value: kernel.RTNH_F_UNRESOLVED, Name: "UNRESOLVED"}, {Value: kernel.RTNH_F_TRAP, Name: "NH_TRAP"},
	{Value: kernel.RTM_F_NOTIFY, Name: "NOTIFY"}, {Value: kernel.RTM_F_CLONED, Name: "CLONED"}, {Value: kernel.RTM_F_EQUALIZE, Name: "EQUALIZE"},
	{Value: kernel.RTM_F_PREFIX, Name: "PREFIX"}, {Value: kernel.RTM_F_LOOKUP_TABLE, Name: "LOOKUP_TABLE"},
	{Value: kernel.RTM_F_FIB_MATCH, Name: "FIB_MATCH"}, {Value: kernel.RTM_F_OFFLOAD, Name: "OFFLOAD"}, {Value: kernel.RTM_F_TRAP, Name: "TRAP"},
	{Value: kernel.RTM_F_OFFLOAD_FAILED, Name: "OFFLOAD_FAILED"},
}}

// RuleFlags names fib_rule_hdr.flags.
var RuleFlags = Flags{"routing_rule_flags", "linux/fib_rules.h (FIB_RULE_*)", []Flag{
	{Value: kernel.FIB_RULE_PERMANENT, Name: "PERMANENT"}, {Value: kernel.FIB_RULE_INVERT, Name: "INVERT"},
	{Value: kernel.FIB_RULE_UNRESOLVED, Name: "UNRESOLVED"}, {Value: kernel.FIB_RULE_IIF_DETACHED, Name: "IIF_DETACHED"},
	{Value: kernel.FIB_RULE_OIF_DETACHED, Name: "OIF_DETACHED"}, {Value: kernel.FIB_RULE_FIND_SADDR, Name: "FIND_SADDR"},
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
