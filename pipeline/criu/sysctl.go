package criu

// The images of network namespaces hold lists of settings without names: CRIU
// knows a setting by its position. These are its lists, in its order.
// Source: CRIU criu/net.c, devconfs4, devconfs6, unix_conf_entries and
// ipv4_sysctl_entries, at v4.2 (commit 3c7d4fa). They were compared over all
// releases: devconfs4 is the same since 2.2, and began with 27 (1.6) and 28
// names (1.8), to which others were appended; devconfs6 is the same since 2.3,
// where it came to be.
var (
	devconfs4 = []string{
		"accept_local", "accept_redirects", "accept_source_route", "arp_accept", "arp_announce", "arp_filter", "arp_ignore",
		"arp_notify", "bootp_relay", "disable_policy", "disable_xfrm", "force_igmp_version", "forwarding",
		"igmpv2_unsolicited_report_interval", "igmpv3_unsolicited_report_interval", "log_martians", "medium_id",
		"promote_secondaries", "proxy_arp", "proxy_arp_pvlan", "route_localnet", "rp_filter", "secure_redirects",
		"send_redirects", "shared_media", "src_valid_mark", "tag", "ignore_routes_with_linkdown", "drop_gratuitous_arp",
		"drop_unicast_in_l2_multicast",
	}
	devconfs6 = []string{
		"accept_dad", "accept_ra", "accept_ra_defrtr", "accept_ra_from_local", "accept_ra_min_hop_limit", "accept_ra_mtu",
		"accept_ra_pinfo", "accept_ra_rt_info_max_plen", "accept_ra_rtr_pref", "accept_redirects", "accept_source_route",
		"autoconf", "dad_transmits", "disable_ipv6", "drop_unicast_in_l2_multicast", "drop_unsolicited_na",
		"force_mld_version", "force_tllao", "forwarding", "hop_limit", "ignore_routes_with_linkdown", "keep_addr_on_down",
		"max_addresses", "max_desync_factor", "mldv1_unsolicited_report_interval", "mldv2_unsolicited_report_interval", "mtu",
		"ndisc_notify", "optimistic_dad", "proxy_ndp", "regen_max_retry", "router_probe_interval",
		"router_solicitation_delay", "router_solicitation_interval", "router_solicitations", "stable_secret",
		"suppress_frag_ndisc", "temp_prefered_lft", "temp_valid_lft", "use_oif_addrs_only", "use_optimistic", "use_tempaddr",
	}
	unixConf   = []string{"max_dgram_qlen"}
	ipv4Sysctl = []string{"ping_group_range"}
	semCtls    = []string{"semmsl", "semmns", "semopm", "semmni"} // proc(5), /proc/sys/kernel/sem
)

// SysctlList is a list of settings that an image keeps by position.
type SysctlList struct {
	names   []string
	lengths []int // that some release wrote
}

// The lists.
var (
	SysctlIPv4Conf = SysctlList{devconfs4, []int{27, 28, 30}}
	SysctlIPv6Conf = SysctlList{devconfs6, []int{42}}
	SysctlUnix     = SysctlList{unixConf, []int{1}}
	SysctlIPv4     = SysctlList{ipv4Sysctl, []int{1}}
	SysctlSem      = SysctlList{semCtls, []int{4}}
)

// Names returns the names of a list's settings where it has the length that a
// known release writes, else nil: a setting may then have been inserted
// anywhere.
func (l SysctlList) Names(length int) []string {
	for _, n := range l.lengths {
		if n == length {
			return l.names[:n]
		}
	}
	return nil
}
