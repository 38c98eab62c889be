//go:build !noduckdb

package queries_test

var networkAnswers = map[string][]answer{
	"listening":   {{everywhere: true, columns: "DISTINCT family, name, comm", where: "container_name IN ('f-redis', 'f-unix-sockets') AND family = 'unix'", rows: []string{"unix /tmp/listen.sock feat", "unix /tmp/redis.sock redis-server", "unix @abstract-Ω feat"}}},
	"connections": {{columns: "count(*)", rows: []string{"13"}}},
	"listening-ports": {{everywhere: true, columns: "container_name, protocol, local_address, local_port, pid", rows: []string{
		"f-bridge-net tcp :: 8000 1", "f-host-net tcp 127.0.0.1 18099 1",
		"f-nginx tcp 0.0.0.0 80 1", "f-nginx tcp 0.0.0.0 80 6", "f-nginx tcp 0.0.0.0 80 7", "f-nginx tcp 0.0.0.0 80 8", "f-nginx tcp 0.0.0.0 80 9",
		"f-python-tcp-established tcp 127.0.0.1 8000 1", "f-redis tcp 0.0.0.0 6379 1", "f-redis tcp :: 6379 1", "f-shell-tree tcp :: 9999 9", "f-tcp-established tcp 127.0.0.1 8080 1",
		"f-udp-netlink tcp 0.0.0.0 4444 1", "f-udp-netlink tcp 127.0.0.1 9090 1", "f-udp-netlink udp 127.0.0.1 5353 1", "f-udp-netlink udp ::1 5354 1",
		"httpd tcp :: 8080 1", "nginx tcp :: 80 1",
	}}},
	"established-connections": {{columns: "container_name, comm, state, local_port, remote_port, peer_comm", rows: []string{
		"f-python-tcp-established python3 ESTABLISHED 35390 8000 python3", "f-python-tcp-established python3 ESTABLISHED 35400 8000 python3",
		"f-python-tcp-established python3 ESTABLISHED 35408 8000 python3", "f-python-tcp-established python3 ESTABLISHED 8000 35390 python3",
		"f-python-tcp-established python3 ESTABLISHED 8000 35400 python3", "f-python-tcp-established python3 ESTABLISHED 8000 35408 python3",
		"f-redis redis-cli ESTABLISHED 42718 6379 redis-server", "f-redis redis-server ESTABLISHED 6379 42718 redis-cli",
		"f-tcp-established feat CLOSE_WAIT 8080 38790 feat", "f-tcp-established feat ESTABLISHED 38778 8080 feat",
		"f-tcp-established feat ESTABLISHED 8080 38778 feat", "f-tcp-established feat FIN_WAIT2 38790 8080 feat",
	}}},
	"reverse-shells":       {{doctored: true, columns: "container_name"}},
	"shells-under-servers": {{columns: "container_name, comm, server_comm, server_pid", rows: []string{"f-redis sh redis-server 1"}}},
	"odd-listeners": {
		{columns: "DISTINCT image, listening, replicas", rows: []string{"docker.io/fleet/bb:3 1 36", "docker.io/fleet/bb:3 2 36", "docker.io/fleet/deb:2 1 3"}},
		{params: map[string]string{"at_least": "20", "share": "0.05"}, columns: "container_name, local_port, comm", rows: []string{
			"f-bridge-net 8000 httpd", "f-host-net 18099 httpd", "f-shell-tree 9999 httpd", "f-udp-netlink 4444 feat", "f-udp-netlink 5353 feat",
			"f-udp-netlink 5354 feat", "f-udp-netlink 9090 feat", "nginx 80 httpd",
		}},
		{params: map[string]string{"at_least": "40"}, columns: "count(*)", rows: []string{"0"}},
	},
	"service-map": {{columns: "from_container, from_programs, protocol, to_container, to_port, to_programs, is_internal, connections", rows: []string{
		"f-python-tcp-established [python3] tcp f-python-tcp-established 8000 [python3] true 3", "f-redis [redis-cli] tcp f-redis 6379 [redis-server] true 1",
		"f-tcp-established [feat] tcp f-tcp-established 8080 [feat] true 2", "f-udp-netlink [feat] udp NULL 5353 NULL false 1",
	}}},
	"public-connections":     {{doctored: true, columns: "container_name"}},
	"shared-remotes":         {{doctored: true, columns: "remote_address"}},
	"raw-sockets":            {{columns: "container_name, pid, family, protocol, interface", rows: []string{"f-packet-raw-sock 1 inet icmp NULL", "f-packet-raw-sock 1 packet all 1"}}},
	"promiscuous-interfaces": {{doctored: true, columns: "container_name"}},
	"tunnels":                {{columns: "container_name, pid, comm, tun_device", rows: []string{"f-tun-dev 1 feat tunx"}}},
	"unread-queues": {
		{columns: `container_name, pids, "local", remote, unread_bytes, unacknowledged_bytes`, where: "protocol = 'tcp'", rows: []string{
			"f-python-tcp-established [1] 127.0.0.1 8000 127.0.0.1 35390 37 0", // half a request
			"f-tcp-established [1] 127.0.0.1 38778 127.0.0.1 8080 17 0", "f-tcp-established [1] 127.0.0.1 8080 127.0.0.1 38778 51 0",
		}},
		{columns: `"local", unread_bytes, unread_packets`, where: "container_name = 'f-unix-sockets'", rows: []string{
			"/tmp/dgram.sock 12 2", "/tmp/listen.sock 11 1", "NULL 11 1", "NULL 14 1", "NULL 15 1",
		}},
		{params: map[string]string{"at_least_bytes": "40"}, columns: "container_name, unread_bytes", rows: []string{"f-tcp-established 51"}},
	},
	"container-firewall-rules": {{doctored: true, columns: "container_name"}},
}
