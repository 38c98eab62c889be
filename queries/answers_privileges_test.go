//go:build !noduckdb

package queries_test

var privilegeAnswers = map[string][]answer{
	"root-without-no-new-privs": {{everywhere: true, columns: "count(DISTINCT checkpoint_id), bool_or(container_name = 'f-nonroot-userns-caps'), bool_or(container_name = 'f-nginx')", rows: []string{
		"41 false true", // of 43: one runs as user 1000, one is a pre-dump without processes
	}}},
	"extra-capabilities": {{columns: "container_name, pids, len(extra), list_contains(escapes, 'CAP_SYS_ADMIN')", rows: []string{"f-privileged [1] 26 true", "f-tun-dev [1] 26 true"}}},
	"seccomp-off": {{columns: "container_name, unfiltered, processes, asked_for", rows: []string{
		"app 1 1 false", "app 1 1 false", "c 1 1 false", "f-privileged 1 1 false", "f-seccomp-unconfined 1 1 false", "f-tun-dev 1 1 false", "httpd 1 1 false", "nginx 1 1 false",
	}}},
	"lsm-off":               {{doctored: true, columns: "container_name"}},
	"host-namespaces":       {{columns: "container_name, kinds, declared", rows: []string{"f-host-net [net] [net]"}}},
	"privileged-containers": {{columns: "container_name, devices, block_devices, uid", rows: []string{"f-privileged 102 10 0", "f-tun-dev 102 10 0"}}},
	"user-namespace-mappings": {
		{everywhere: true, columns: "container_name, root_is, uid_ranges, gid_ranges, containers_on_range", where: "is_isolated", rows: []string{
			"f-nonroot-userns-caps 100000 [0-100000+65536] [0-100000+65536] 1",
		}},
		{columns: "count(*), max(root_is)", where: "NOT is_isolated", rows: []string{"41 0"}},
	},
	"setuid-files-added": {{columns: "container_name, path, mode, uid, is_setuid, is_setgid", rows: []string{
		"c /root/hardlink 4755 0 true false", "f-rootfs-changes /root/hardlink 4755 0 true false",
	}}},
}
