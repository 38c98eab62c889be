//go:build !noduckdb

package queries_test

var fileAnswers = map[string][]answer{
	"added-system-files": {{columns: "container_name, path, type, mode", rows: []string{
		`c /etc/passwd file 0644`, `c /root/.ssh/authorized_keys file 0600`, `c /root/fifo fifo 0600`, `c /root/hardlink file 4755`, `c /root/link symlink 0777`,
		`c /root/naïve\x0aname\xff file 0644`, `c /root/sparse file 0644`, `c /root/suid hardlink 4755`,
		`f-nonroot-userns-caps /etc/group file 0644`, `f-nonroot-userns-caps /etc/passwd file 0644`,
		`f-rootfs-changes /etc/passwd file 0644`, `f-rootfs-changes /root/.ssh/authorized_keys file 0600`, `f-rootfs-changes /root/fifo fifo 0600`,
		`f-rootfs-changes /root/hardlink file 4755`, `f-rootfs-changes /root/link symlink 0777`, `f-rootfs-changes /root/naïve\x0aname\xff file 0644`,
		`f-rootfs-changes /root/sparse file 0644`, `f-rootfs-changes /root/suid hardlink 4755`,
	}}},
	"changed-files-by-place": {{everywhere: true, columns: "container_name, place, origin, written, deleted, programs, bytes",
		where: "container_name IN ('f-nginx', 'f-rootfs-changes', 'f-tmpfs-data', 'f-volumes')", rows: []string{
			"f-nginx /tmp rootfs_diff 1 0 0 2", "f-rootfs-changes /etc deleted_files 0 1 0 0", "f-rootfs-changes /etc rootfs_diff 1 0 0 98", "f-rootfs-changes /root rootfs_diff 6 0 0 1048576",
			"f-rootfs-changes /root/.ssh rootfs_diff 1 0 0 22", "f-rootfs-changes /tmp rootfs_diff 1 0 1 48",
			"f-tmpfs-data /data tmpfs 2 0 0 13", "f-tmpfs-data /data/d tmpfs 1 0 0 100000", "f-volumes /vol volume 1 0 0 10",
		}}},
	"same-file-in-several-containers": {
		{columns: "containers, names, paths, content_kind", rows: []string{"2 [c f-rootfs-changes] [/tmp/evilscript.sh] script"}},
		{params: map[string]string{"programs_only": "false"}, columns: "names", where: "list_contains(paths, '/root/.ssh/authorized_keys')", rows: []string{"[c f-rootfs-changes]"}},
		{params: map[string]string{"at_least": "3"}, columns: "count(*)", rows: []string{"0"}},
	},
	"programs-in-temporary-places": {{columns: "container_name, found, path, content_kind, mode", rows: []string{
		"c file /tmp/evilscript.sh script 0755", "f-rootfs-changes file /tmp/evilscript.sh script 0755",
	}}},
	"persistence-files": {{columns: "container_name, kind, technique, path", rows: []string{
		"c account T1136.001 /etc/passwd", "c ssh key T1098.004 /root/.ssh/authorized_keys",
		"f-rootfs-changes account T1136.001 /etc/passwd", "f-rootfs-changes ssh key T1098.004 /root/.ssh/authorized_keys",
	}}},
	"deleted-open-files": {{columns: "container_name, path, pid, fd, size_bytes", rows: []string{
		"f-everything /tmp/ghost.bin 13 5 102400", "f-everything /tmp/ghost.map NULL NULL 8192", "f-everything /tmp/ghost.sparse 13 6 200003", "f-everything /tmp/ghost.txt 13 4 36",
		"f-ghost-files /tmp/ghost.bin 1 4 102400", "f-ghost-files /tmp/ghost.map NULL NULL 8192", "f-ghost-files /tmp/ghost.sparse 1 5 200003", "f-ghost-files /tmp/ghost.txt 1 3 36",
		"f-p5-everything /tmp/ghost.bin 13 5 102400", "f-p5-everything /tmp/ghost.map NULL NULL 8192", "f-p5-everything /tmp/ghost.sparse 13 6 200003", "f-p5-everything /tmp/ghost.txt 13 4 36",
	}}},
	"ghost-contents": {{columns: "paths, pids, size_bytes, content_kind", where: "container_name = 'f-ghost-files'", rows: []string{
		"[/tmp/ghost.bin] [1] 102400 text", "[/tmp/ghost.map] [1] 8192 data", "[/tmp/ghost.sparse] [1] 200003 data", "[/tmp/ghost.txt] [1] 36 text",
	}}},
	"host-paths-mounted": {{everywhere: true, columns: "container_name, destination, writable, is_engine_socket", rows: []string{
		"app /cache true false", "f-init-flag /run/podman-init false false", "f-nginx /cfg false false", "f-python-tcp-established /cfg false false", "f-volumes /bind true false",
		"f-volumes /vol true false", "httpd /cache true false", "httpd /host false false", "nginx /etc/config false false",
	}}},
	"writable-host-mounts":   {{columns: "container_name, source, destination, is_sensitive", rows: []string{"f-volumes /var/nodes/bindvol /bind false"}}},
	"engine-sockets-mounted": {{doctored: true, columns: "container_name"}},
}
