//go:build !noduckdb

package queries_test

var changeAnswers = map[string][]answer{
	"checkpoint-facts": {{everywhere: true, columns: "kind, item", where: "kind IN ('process', 'listening') AND checkpoint_id = (SELECT checkpoint_id FROM checkpoints WHERE container_name = 'f-shell-tree')", rows: []string{
		"listening inet6 tcp :: port 9999",
		"process 1 /bin/sh -c (while :; do sleep 300; done) & (sleep 400 | cat >/tmp/out) & httpd -f -p 9999 & echo READY; wait", "process 10 sleep 300", "process 11 cat",
		"process 6 /bin/sh -c (while :; do sleep 300; done) & (sleep 400 | cat >/tmp/out) & httpd -f -p 9999 & echo READY; wait",
		"process 7 /bin/sh -c (while :; do sleep 300; done) & (sleep 400 | cat >/tmp/out) & httpd -f -p 9999 & echo READY; wait", "process 8 sleep 400", "process 9 httpd -f -p 9999",
	}}},
	"changes": {{columns: "container_name, kind, change, item", rows: []string{
		"flt-000-sleep file added /tmp/round-0",
		"life file added /tmp/state", "life file added /tmp/xmrig", "life file changed /tmp/ctr", "life file changed /tmp/ctr", "life file changed /tmp/state",
		"life file removed /etc/delete-me",
		"life process added 21 sleep 0.5", "life process added 34 sleep 0.5", "life process removed 21 sleep 0.5", "life process removed 8 sleep 0.5",
	}}},
	"drift-from-first": {{columns: "container_name, kind, change, item", rows: []string{
		"flt-000-sleep file added /tmp/round-0",
		"life file added /tmp/state", "life file added /tmp/xmrig", "life file changed /tmp/ctr", "life file removed /etc/delete-me", "life process added 34 sleep 0.5", "life process removed 8 sleep 0.5",
	}}},
	"memory-changes": {{columns: "container_name, kind, mappings_before, mappings_after, virtual_change, present_change", rows: []string{"life stack 2 2 0 -4096", "life stack 2 2 0 4096"}}},
	"memory-page-changes": {{columns: "container_name, pid, mapping_kind, path, changed, added, removed, unchanged", where: "container_name = 'flt-000-sleep'", rows: []string{
		"flt-000-sleep 1 heap NULL 1 0 0 1", "flt-000-sleep 1 stack NULL 1 0 0 1",
	}}},
	"timeline": {
		{everywhere: true, columns: "datetime, timestamp_desc, message, table_name", where: "container_name = 'life' AND (message LIKE '%/tmp/%' OR table_name = 'checkpoints')", rows: []string{
			"2026-11-23 14:38:10.39835 +0000 UTC Creation Time container created from docker.io/fleet/bb:3 checkpoints",
			"2026-11-23 14:38:10.39835 +0000 UTC Creation Time container created from docker.io/fleet/bb:3 checkpoints",
			"2026-11-23 14:38:10.39835 +0000 UTC Creation Time container created from docker.io/fleet/bb:3 checkpoints",
			"2026-11-23 14:38:11 +0000 UTC Content Modification Time rootfs_diff file /tmp/ctr filesystem_entries",
			"2026-11-23 14:38:11 +0000 UTC Snapshot Time container checkpointed: life-1.tar checkpoints",
			"2026-11-23 14:38:12 +0000 UTC Content Modification Time rootfs_diff file /tmp/state filesystem_entries",
			"2026-11-23 14:38:13 +0000 UTC Content Modification Time rootfs_diff file /tmp/ctr filesystem_entries",
			"2026-11-23 14:38:13 +0000 UTC Content Modification Time rootfs_diff file /tmp/state filesystem_entries",
			"2026-11-23 14:38:13 +0000 UTC Content Modification Time rootfs_diff file /tmp/xmrig filesystem_entries",
			"2026-11-23 14:38:13 +0000 UTC Snapshot Time container checkpointed: life-2.tar.gz checkpoints",
			"2026-11-23 14:38:14 +0000 UTC Content Modification Time rootfs_diff file /tmp/ctr filesystem_entries",
			"2026-11-23 14:38:15 +0000 UTC Snapshot Time container checkpointed: life-3.tar.zst checkpoints",
		}},
	},
	"replica-outliers": {
		{params: map[string]string{"share": "0.03"}, columns: "container_name, difference, kind, item", where: "kind IN ('program', 'listening')", rows: []string{
			"f-bridge-net only here listening inet6 tcp :: port 8000", "f-host-net only here listening inet tcp 127.0.0.1 port 18099", "f-init-flag only here program /run/podman-init",
			"f-shell-tree only here listening inet6 tcp :: port 9999", "f-tcp-established only here listening inet tcp 127.0.0.1 port 8080", "f-udp-netlink only here listening inet tcp 0.0.0.0 port 4444",
			"f-udp-netlink only here listening inet tcp 127.0.0.1 port 9090", "httpd only here listening inet6 tcp :: port 8080", "nginx only here listening inet6 tcp :: port 80",
		}},
		{params: map[string]string{"share": "0.03"}, columns: "container_name, item, found_in, replicas", where: "difference = 'missing here' AND kind = 'variable'", rows: []string{
			"f-odd-env-argv HOME 35 36", "f-odd-env-argv HOSTNAME 35 36", "f-odd-env-argv PATH 35 36",
		}},
		{params: map[string]string{"at_least": "40"}, columns: "count(*)", rows: []string{"0"}},
	},
}
