//go:build !noduckdb

package queries_test

var processAnswers = map[string][]answer{
	"process-tree": {{everywhere: true, columns: "depth, pid, ppid, comm", where: "container_name = 'f-shell-tree'", rows: []string{
		"0 1 0 sh", "1 6 1 sh", "1 7 1 sh", "1 9 1 httpd", "2 10 6 sleep", "2 11 7 cat", "2 8 7 sleep",
	}}},
	"processes-by-image": {{everywhere: true, columns: "image, program, processes, containers", rows: []string{
		"docker.io/fleet/bb:3 /bin/busybox 29 17", "docker.io/fleet/bb:3 /bin/feat 45 19", "docker.io/fleet/bb:3 /run/podman-init 1 1",
		"docker.io/fleet/deb:2 /usr/bin/dash 1 1", "docker.io/fleet/deb:2 /usr/bin/python3.11 1 1", "docker.io/fleet/deb:2 /usr/bin/redis-check-rdb 1 1",
		"docker.io/fleet/deb:2 /usr/bin/redis-cli 1 1", "docker.io/fleet/deb:2 /usr/bin/sleep 1 1", "docker.io/fleet/deb:2 /usr/sbin/nginx 5 1",
	}}},
	"shells": {{columns: "DISTINCT container_name, pid, parent_comm, is_declared, has_terminal", rows: []string{
		"f-redis 34 redis-server false false", "f-shell-tree 1 NULL true false", "f-shell-tree 6 sh true false", "f-shell-tree 7 sh true false", "f-tty 1 NULL true true", "life 1 NULL true false",
	}}},
	"interpreter-one-liners": {{columns: "container_name, pid, parent_comm, code", rows: []string{
		"f-redis 34 redis-server ( sleep 30 | redis-cli -h 127.0.0.1 ) >/dev/null 2>&1 & sleep .3",
	}}},
	"zombies": {{doctored: true, columns: "container_name"}},
	"leaks":   {{doctored: true, columns: "container_name"}},
	"threads-per-process": {
		{columns: "container_name, pid, thread_count, len(names)", rows: []string{"f-python-tcp-established 1 4 1", "f-redis 1 5 5", "f-threads-20 1 21 21"}},
		{params: map[string]string{"at_least": "20"}, columns: "container_name, names[:3]", rows: []string{"f-threads-20 [feat wrk-0 wrk-1]"}},
	},
	"register-values": {
		{everywhere: true, columns: "arch, set, name, role, width_bits, octet_length(value_bytes)", where: "checkpoint_id IN (SELECT checkpoint_id FROM checkpoints WHERE container_name = 'f-nginx') AND tid = 1 AND name IN ('ip', 'ax', 'xmm0')",
			rows: []string{"x86_64 general ax ret 64 NULL", "x86_64 general ip ip 64 NULL", "x86_64 vector xmm0 NULL 128 16"}},
		{columns: "count(*)", where: "checkpoint_id IN (SELECT checkpoint_id FROM checkpoints WHERE container_name = 'f-nginx') AND tid = 1", rows: []string{"118"}},
	},
	"thread-activity": {{everywhere: true, columns: "container_name, pid, comm, syscall_name, doing, regexp_replace(target, '[0-9]{5,}', 'N')", where: "container_name IN ('f-nginx', 'f-shell-tree')", rows: []string{
		"f-nginx 1 nginx rt_sigsuspend waits for a signal NULL", "f-nginx 6 nginx epoll_wait waits for events anon_inode:[eventpoll]",
		"f-nginx 7 nginx epoll_wait waits for events anon_inode:[eventpoll]", "f-nginx 8 nginx epoll_wait waits for events anon_inode:[eventpoll]",
		"f-nginx 9 nginx epoll_wait waits for events anon_inode:[eventpoll]", "f-shell-tree 1 sh rt_sigsuspend waits for a signal NULL",
		"f-shell-tree 10 sleep clock_nanosleep sleeps NULL", "f-shell-tree 11 cat read reads pipe:[N]", "f-shell-tree 6 sh wait4 waits for a child NULL",
		"f-shell-tree 7 sh wait4 waits for a child NULL", "f-shell-tree 8 sleep clock_nanosleep sleeps NULL", "f-shell-tree 9 httpd accept waits for a connection :: 9999",
	}}},
	"new-programs-running":   {{doctored: true, columns: "container_name"}},
	"running-without-file":   {{doctored: true, columns: "container_name"}},
	"masquerading-processes": {{doctored: true, columns: "container_name"}},
	"miners":                 {{columns: "container_name, found, item", rows: []string{"life file /tmp/xmrig"}}},
}
