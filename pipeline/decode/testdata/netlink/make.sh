#!/bin/bash
# Makes the fixtures in the current folder, as root. See README.md.
set -eu
ip netns add ckx; N="ip netns exec ckx"; trap 'ip netns del ckx' EXIT
$N sysctl -qw net.ipv4.conf.all.forwarding=1 net.ipv6.conf.default.accept_dad=0 net.netfilter.nf_conntrack_acct=1 net.netfilter.nf_conntrack_timestamp=1
$N ip link set lo up
$N ip link add eth0 address 02:00:00:00:00:01 type veth peer name eth1 address 02:00:00:00:00:02
$N ip link set eth0 up; $N ip link set eth1 up
$N ip link add br0 address 02:00:00:00:00:03 type bridge; $N ip link set br0 up
$N ip tuntap add tun0 mode tun; $N ip link set tun0 up

$N ip addr add 10.88.0.5/16 brd + label eth0:web dev eth0
$N ip addr add 10.88.0.6/16 dev eth0                                  # secondary
$N ip addr add 192.0.2.1 peer 192.0.2.2/32 dev tun0
$N ip addr add 172.16.5.1/24 dev br0 scope link valid_lft 86400 preferred_lft 3600 metric 77 proto 5 2>/dev/null || $N ip addr add 172.16.5.1/24 dev br0 scope link valid_lft 86400 preferred_lft 3600 metric 77
$N ip addr add 2001:db8::5/64 dev eth0 nodad
$N ip addr add 2001:db8:1::1 peer 2001:db8:1::2/128 dev tun0 nodad
$N ip addr add fd00::1/64 dev br0 nodad noprefixroute home valid_lft 600 preferred_lft 0

$N ip route add default via 10.88.0.1 dev eth0 proto dhcp src 10.88.0.5 metric 100
$N ip route add 198.51.100.0/24 via 10.88.0.9 dev eth0 mtu 1400 advmss lock 1360 window 1000 rtt 200ms congctl cubic initcwnd 20 quickack 1 realm 7/9 proto static
$N ip route add 203.0.113.0/24 nexthop via 10.88.0.2 dev eth0 weight 3 nexthop via 172.16.5.2 dev br0 weight 1 onlink
$N ip route add blackhole 192.168.99.0/24
$N ip route add unreachable 192.168.98.0/24 metric 5
$N ip route add throw 192.168.97.0/24 table 100
$N ip route add 192.168.96.0/24 dev br0 table 100 tos 0x10 scope link
$N ip route add 192.168.95.0/24 via inet6 fe80::9 dev eth0
$N ip -6 route add default via 2001:db8::1 dev eth0 metric 1024 pref high
$N ip -6 route add 2001:db8:9::/48 from 2001:db8::/64 via 2001:db8::2 dev eth0 expires 900 mtu 1300
$N ip -6 route add 2001:db8:a::/48 nexthop via 2001:db8::3 dev eth0 weight 2 nexthop via fe80::2 dev br0
$N ip -6 route add prohibit 2001:db8:b::/48 table 1000
$N ip -6 route add 2001:db8:c::/48 encap ip6 id 42 dst 2001:db8::7 dev eth0 2>/dev/null || true

$N ip rule add pref 100 from 10.88.0.0/16 to 198.51.100.0/24 iif eth0 lookup 100
$N ip rule add pref 101 fwmark 0x10/0xff oif br0 lookup 1000 suppress_prefixlength 8
$N ip rule add pref 102 uidrange 1000-1999 ipproto tcp sport 1000-2000 dport 443 lookup main
$N ip rule add pref 103 not tos 0x10 prohibit
$N ip rule add pref 104 goto 32766 protocol static
$N ip rule add pref 105 from all lookup main realms 7/9
$N ip -6 rule add pref 200 from 2001:db8::/32 blackhole
$N ip -6 rule add pref 201 l3mdev

$N conntrack -I -p tcp -s 10.88.0.5 -d 198.51.100.7 --sport 40000 --dport 443 --state ESTABLISHED -u SEEN_REPLY,ASSURED -t 432000 -m 7 -w 3 2>/dev/null
$N conntrack -I -p udp -s 10.88.0.5 -d 198.51.100.53 --sport 5353 --dport 53 -t 30 2>/dev/null
$N conntrack -I -p tcp -s 10.88.0.5 -d 198.51.100.8 --sport 40001 --dport 80 --reply-src 192.0.2.80 --reply-dst 10.88.0.5 --reply-port-src 8080 --reply-port-dst 40001 --state SYN_SENT -t 120 --dst-nat 192.0.2.80:8080 2>/dev/null
$N conntrack -I -p udp -s 2001:db8::5 -d 2001:db8::53 --sport 9999 --dport 53 -t 300 2>/dev/null
$N conntrack -I -p icmp -s 10.88.0.5 -d 10.88.0.1 --icmp-type 8 --icmp-code 0 --icmp-id 4242 -t 30 2>/dev/null
$N nft -f - <<'F'
table inet watch {
	ct helper ftp-standard { type "ftp" protocol tcp; }
	chain output { type filter hook output priority 0; tcp dport 21 ct helper set "ftp-standard"; ct state new counter accept; }
}
F
$N python3 ftp.py & FTP=$!
sleep 1
sleep 3
$N ip addr save > ifaddr.img;        $N ip -j -d addr > ip-addr.json
$N ip route save > route.img;        $N ip -4 -j -d route show table all > ip-route.json
$N ip -6 route save > route6.img;    $N ip -6 -j -d route show table all > ip-route6.json
$N ip rule save > rule.img;          $N ip -4 -j -d rule > ip-rule.json; $N ip -6 -j -d rule > ip-rule6.json
$N python3 ctdump.py 1 > netns-ct.img;  $N conntrack -L -o extended,id,timestamp > conntrack.txt 2>/dev/null; $N conntrack -L -f ipv6 -o extended,id,timestamp >> conntrack.txt 2>/dev/null
$N python3 ctdump.py 1 > netns-exp-of-criu.img
$N python3 ctdump.py 2 > netns-exp.img; $N conntrack -L expect > conntrack-expect.txt 2>/dev/null || true
$N ip -j -d link > ip-link.json
$N nft flush ruleset; kill $FTP

$N iptables-restore < lock.iptables
$N iptables -A INPUT -p tcp --dport 22 -m comment --comment 'allow "ssh" -j DROP' -j ACCEPT
$N iptables -P FORWARD DROP
$N iptables -N WEB; $N iptables -A WEB -s 10.0.0.0/8 -g WEB2 2>/dev/null || { $N iptables -N WEB2; $N iptables -A WEB -s 10.0.0.0/8 -g WEB2; }
$N iptables -t nat -A POSTROUTING -o eth0 -j MASQUERADE
$N iptables-save > iptables.img; $N iptables-save -c > iptables-counters.img; 
$N nft list ruleset > nftables-of-iptables.img
$N nft flush ruleset
$N ip6tables -A INPUT -p ipv6-icmp -j ACCEPT; $N ip6tables-save > ip6tables.img
$N nft flush ruleset
$N nft -f rules.nft
$N nft list ruleset > nftables.img; $N nft -j list ruleset > nftables.json
