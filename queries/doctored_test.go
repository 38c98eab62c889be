//go:build !noduckdb

package queries_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ckexport/ckexport/pipeline/decode"
	"github.com/ckexport/ckexport/pipeline/source"
	"github.com/ckexport/ckexport/queries"
	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/duckdb"
)

func of[T any](v T) *T { return &v }

func text(s string) schema.Text { return schema.Text{Text: &s} }

// process returns a process of a checkpoint.
func process(c *schema.Rows, pid uint32) *schema.Process {
	return &c.Processes[slices.IndexFunc(c.Processes, func(p schema.Process) bool { return p.PID == pid })]
}

// connect makes the sockets of a kind connections to an address.
func connect(c *schema.Rows, protocol, state, address string, port uint32) {
	for i := range c.Sockets {
		if s := &c.Sockets[i]; s.Protocol.Name != nil && *s.Protocol.Name == protocol && s.State.Name != nil && *s.State.Name == state {
			s.RemoteAddress, s.RemotePort = schema.IP{Text: &address}, &port
		}
	}
}

// doctoring changes the rows of real archives into what no archive of testdata
// has: second best to an archive that has it.
var doctoring = map[string]func(c *schema.Rows){
	"tcp-established.tar.zst": func(c *schema.Rows) { // a connection is standard input and output
		for _, s := range c.Sockets {
			if s.State.Name == nil || *s.State.Name != "ESTABLISHED" {
				continue
			}
			for i := range c.FileDescriptors {
				if c.FileDescriptors[i].FD <= 1 {
					c.FileDescriptors[i].FileID = s.FileID
				}
			}
		}
	},
	"shell-tree.tar.gz": func(c *schema.Rows) { // a child of 6 and one of 7 are dead
		process(c, 8).State.Name, process(c, 10).State.Name = of("zombie"), of("zombie")
	},
	"life-1.tar":    func(c *schema.Rows) { c.Checkpoints[0].ThreadCount = 2 },
	"life-2.tar.gz": func(c *schema.Rows) { c.Checkpoints[0].ThreadCount = 5 },
	"life-3.tar.zst": func(c *schema.Rows) { // threads leak; a variable has another value, a mount is new
		c.Checkpoints[0].ThreadCount = 9
		for i := range c.Environment {
			if *c.Environment[i].Name.Text == "HOME" {
				c.Environment[i].Value = text("/tmp")
			}
		}
		c.Mounts = append(c.Mounts, schema.Mount{Mountpoint: text("/mnt/host"), FSType: text("ext4")})
	},
	"rootfs-changes.tar.gz": func(c *schema.Rows) { // a script that was dropped runs; programs give rights, a setgid bit without x does not
		process(c, 1).Argv.Text = []string{"/bin/sh", "/tmp/evilscript.sh"}
		c.FilesystemEntries = append(c.FilesystemEntries,
			schema.FilesystemEntry{Origin: "rootfs_diff", Change: of("written"), Path: text("/usr/bin/caps"), Type: of("file"), Mode: of(uint32(0o755)), IsSetuid: of(false), IsSetgid: of(false), FileCapabilities: of("cap_sys_admin=ep")},
			schema.FilesystemEntry{Origin: "rootfs_diff", Change: of("written"), Path: text("/srv/locked"), Type: of("file"), Mode: of(uint32(0o2644)), IsSetuid: of(false), IsSetgid: of(true)},
			schema.FilesystemEntry{Origin: "rootfs_diff", Change: of("written"), Path: text("/usr/bin/group"), Type: of("file"), Mode: of(uint32(0o2755)), IsSetuid: of(false), IsSetgid: of(true)})
	},
	"fd-kinds.tar.zst": func(c *schema.Rows) { // the program is gone; a key is open
		process(c, 1).ExeDeleted = of(true)
		c.FileDescriptors[0].Type, c.FileDescriptors[0].Path = "REG", text("/root/.ssh/id_ed25519")
	},
	"ghost-files.tar": func(c *schema.Rows) { // the program is in memory; its code was changed
		process(c, 1).ExeMemfd = of(true)
		for i := range c.MemoryMappings {
			if m := &c.MemoryMappings[i]; m.IsModifiedCode {
				m.PagesPresent = 3
			}
		}
	},
	"memhash-shm.tar": func(c *schema.Rows) { // it runs a program from a memfd
		process(c, 1).Argv.Text = []string{"[kworker/0:1]"}
		c.MemoryMappings = append(c.MemoryMappings, schema.MemoryMapping{PID: 1, StartAddress: 4096, Kind: "memfd", Path: text("x"), ShmemID: of(uint64(99)), IsExecMemfd: true, PagesPresent: 2})
		c.MemoryELFHeaders = append(c.MemoryELFHeaders, schema.MemoryELFHeader{ShmemID: of(uint64(99)), Evidence: "header", Type: schema.Enum{Name: of("EXEC")}, MappingKind: of("memfd"), Path: text("x"), IsMappedFile: true, BuildID: of("0a")})
	},
	"unix-sockets.tar.zst": func(c *schema.Rows) { // AppArmor does not confine it; a library without a header, its code and keys are in memory
		c.MemoryELFHeaders = append(c.MemoryELFHeaders,
			schema.MemoryELFHeader{PID: of(uint32(1)), Address: 0x7000, Evidence: "program_headers", MappingKind: of("anon"), Perms: of("r-xp"), Needed: []string{"libc.so.6"}},
			schema.MemoryELFHeader{PID: of(uint32(1)), Address: 0x8000, Evidence: "header", MappingKind: of("vdso"), Perms: of("r-xp")})
		c.MemoryPages = append(page(c, "anon", "r-xp", 0x7000, "same", 6, 1), page(c, "file", "r-xp", 0x400000, "changed", 6, 1)...)
		c.MemoryPages = append(c.MemoryPages, page(c, "anon", "rw-p", 0x100000, "random", 7.9, 20)...)
		c.MemoryPages = append(c.MemoryPages, page(c, "anon", "rw-p", 0x200000, "random", 7.9, 3)...)
		c.Checkpoints[0].LSMType.Name = of("apparmor")
		process(c, 1).LSMProfile = text("unconfined")
	},
	"bridge-net.tar.gz": func(c *schema.Rows) { // AppArmor confines it; it mines
		c.MemoryMatches = append(c.MemoryMatches,
			schema.MemoryMatch{Origin: "memory", PID: of(uint32(1)), Address: of(uint64(0x7000)), MappingKind: of("heap"), Rule: "Miner", Namespace: "m.yar", Meta: `{"description":"mines \"coins\"","severity":"high"}`, StringID: of("$b")},
			schema.MemoryMatch{Origin: "memory", PID: of(uint32(1)), Address: of(uint64(0x6000)), MappingKind: of("heap"), Rule: "Miner", Namespace: "m.yar", Meta: `{"description":"mines \"coins\"","severity":"high"}`, StringID: of("$a")},
			schema.MemoryMatch{Origin: "file", Path: text("/tmp/x"), SourceTable: of("filesystem_entries"), Rule: "Any", Namespace: "m.yar", Meta: "{}"})
		c.MemoryPages = page(c, "file", "r-xp", 0x400000, "original", 6, 1)
		c.Checkpoints[0].LSMType.Name = of("apparmor")
		process(c, 1).LSMProfile = text("cri-containerd.apparmor.d (enforce)")
		process(c, 1).Cmdline = of("httpd -o stratum+tcp://pool.example:3333")
	},
	"udp-netlink.tar.zst": func(c *schema.Rows) {
		connect(c, "udp", "ESTABLISHED", "203.0.113.7", 443)
		c.MemoryPages = page(c, "file", "r-xp", 0x400000, "original", 6, 1)
	},
	"redis.tar.zst": func(c *schema.Rows) { // it has pages of another image's container; those of one byte do not count
		connect(c, "tcp", "ESTABLISHED", "203.0.113.7", 443)
		c.MemoryPages = append(page(c, "heap", "rwxp", 0x7000, "same", 6, 1), page(c, "anon", "rw-p", 0x9000, "plain", 0, 1)...)
	},
	"volumes.tar.gz": func(c *schema.Rows) { // the engine's socket and /etc are mounted; nginx is called
		c.ContainerMounts = append(c.ContainerMounts,
			schema.ContainerMount{Origin: "spec", Destination: "/var/run/docker.sock", Source: of("/run/docker.sock"), IsBind: of(true), ReadOnly: of(true)},
			schema.ContainerMount{Origin: "spec", Destination: "/host/etc", Source: of("/etc"), IsBind: of(true), ReadOnly: of(false)})
		c.Sockets = append(c.Sockets, connection(c, "10.0.0.9", 40000, "10.0.0.5", 80, 1))
		c.GPUDevices = append(c.GPUDevices, schema.GPUDevice{Image: "amdgpu-kfd-1.img", Kind: "kfd_node", GPUID: of(uint32(7))})
	},
	"nginx.tar.zst": func(c *schema.Rows) {
		c.Sockets = append(c.Sockets, connection(c, "::ffff:10.0.0.5", 80, "::ffff:10.0.0.9", 40000, 6))
	},
	"tmpfs-data.tar": func(c *schema.Rows) { // a library is loaded into it
		c.MemoryPages = append(page(c, "file", "r-xp", 0x400000, "original", 6, 1), page(c, "anon", "rw-p", 0x9000, "plain", 0, 1)...)
		c.Environment = append(c.Environment, schema.EnvironmentVariable{PID: 1, Position: 99, Name: text("LD_PRELOAD"), Value: text("/data/x.so")})
	},
	"odd-env-argv.tar": func(c *schema.Rows) { // sleep-secret has the same secret
		for i := range c.Environment {
			if c.Environment[i].Sensitive {
				c.Environment[i].Value = text("wJalrXUtnFEMI")
			}
		}
	},
	"sleep-secret.tar.zst": func(c *schema.Rows) { // an option of ping, no one-liner; the token that every pod has, and a key
		process(c, 1).Argv.Text = []string{"ping", "-c", "3"}
		c.ContainerMounts = append(c.ContainerMounts, schema.ContainerMount{Origin: "spec", Destination: "/var/run/secrets/kubernetes.io/serviceaccount", Source: of("/x"), IsBind: of(true), ReadOnly: of(true)},
			schema.ContainerMount{Origin: "spec", Destination: "/etc/tls/server.key", Source: of("/y"), IsBind: of(true), ReadOnly: of(true)})
	},
	"packet-raw-sock.tar.zst": func(c *schema.Rows) { // it listens to all that passes, and has a firewall
		for i := range c.Sockets {
			if s := &c.Sockets[i]; s.Family == "packet" {
				s.MembershipInterfaces, s.MembershipTypes = []uint32{4, 2}, []string{"MULTICAST", "PROMISC"}
			}
		}
		c.NetworkDevices = append(c.NetworkDevices, schema.NetworkDevice{Name: text("eth0"), IsPromiscuous: true}, schema.NetworkDevice{Name: text("lo")})
		c.FirewallRules = append(c.FirewallRules,
			schema.FirewallRule{Backend: "iptables", LineNumber: 3, Kind: "rule", TableName: text("filter"), RuleText: text("-A INPUT -j DROP"), Uncounted: text("-A INPUT -j DROP")},
			schema.FirewallRule{Backend: "iptables", LineNumber: 4, Kind: "rule", TableName: text("filter"), RuleText: text("-A CRIU -j DROP"), IsCRIULock: true})
	},
	"p5-everything.tar.gz": func(c *schema.Rows) { // a Java machine explains memory that can be executed
		for i := range c.MemoryMappings {
			if m := &c.MemoryMappings[i]; m.PID == 14 && m.Executable && m.Kind == "file" {
				m.Path = text("/usr/lib/jvm/lib/server/libjvm.so")
			}
		}
	},
	"sleep-pre.tar.zst": func(c *schema.Rows) { // the archive was cut
		a := schema.Archive{RunID: "doctored", Source: c.Checkpoints[0].Source, ArchiveName: "sleep-pre.tar.zst", Status: "partial", StartedAt: time.Unix(0, 0)}
		c.Archives = append(c.Archives, a)
		c.Problems = append(c.Problems, schema.Problem{Source: a.Source, Severity: "error", Code: "truncated"}, schema.Problem{Source: a.Source, Severity: "info", Code: "stale_image"})
	},
}

// page returns pages of process 1, one behind the other.
func page(c *schema.Rows, kind, perms string, address uint64, sum string, entropy float64, n int) (pages []schema.MemoryPage) {
	for i := range uint64(n) {
		p := schema.MemoryPage{PID: of(uint32(1)), Address: address + i*4096, MappingKind: &kind, Perms: &perms, SHA256: sum, Entropy: entropy}
		if kind == "file" {
			p.Path, p.FileOffset = text("/bin/feat"), of(i*4096)
		}
		pages = append(pages, p)
	}
	return pages
}

// connection returns a TCP connection of a process.
func connection(c *schema.Rows, local string, localPort uint32, remote string, remotePort, pid uint32) schema.Socket {
	return schema.Socket{FileID: 9999, Family: "inet", Type: schema.Enum{Name: of("stream")}, Protocol: schema.Enum{Name: of("tcp")},
		State: schema.Enum{Name: of("ESTABLISHED")}, LocalAddress: schema.IP{Text: &local}, LocalPort: &localPort, RemoteAddress: schema.IP{Text: &remote}, RemotePort: &remotePort, PIDs: []uint32{pid}}
}

// doctored has what doctoring makes of the archives.
var doctored = sync.OnceValues(func() (*sql.DB, error) {
	ctx := context.Background()
	d := &decode.Decoder{Limits: decode.DefaultLimits()}
	path := filepath.Join(folder, "doctored.duckdb")
	sink, err := duckdb.Format().Open(ctx, path, options(schema.Tables()))
	if err != nil {
		return nil, err
	}
	defer sink.Close()
	for name, change := range doctoring {
		found, err := filepath.Glob("../testdata/*/" + name)
		if err != nil || len(found) != 1 {
			return nil, fmt.Errorf("%s: found %v: %w", name, found, err)
		}
		r, err := d.Decode(ctx, source.Path(found[0]))
		if err != nil {
			return nil, err
		}
		change(r.Checkpoints[0])
		for _, table := range schema.Tables() {
			b := table.NewBuilder()
			b.Append(r.Checkpoints[0])
			batch := b.NewBatch()
			err := sink.Write(ctx, table, batch)
			batch.Release()
			if err != nil {
				return nil, err
			}
		}
	}
	if err := errors.Join(sink.Commit(ctx), sink.Close()); err != nil {
		return nil, err
	}
	return duckdb.Format().OpenSQL(ctx, path, sinks.SQLOptions{})
})

// TestDoctored asks for what no real archive of testdata has.
func TestDoctored(t *testing.T) {
	db := open(t, doctored)
	for _, test := range []struct {
		query, columns string
		params         map[string]string
		want           []string
	}{
		{"unreadable-archives", "archive_name, status, errors, warnings, codes", nil, []string{"sleep-pre.tar.zst partial 1 0 [truncated]"}},
		{"restore-requirements", "max(gpus)", nil, []string{"1"}},
		{"zombies", "container_name, ppid, parent_comm, zombies, names", nil, []string{"f-shell-tree 6 sh 1 [sleep]", "f-shell-tree 7 sh 1 [sleep]"}},
		{"zombies", "container_name", map[string]string{"at_least": "2"}, nil},
		{"leaks", "container_name, measure, counts, first_count, last_count, per_hour", nil, []string{"life threads [2 5 9] 2 9 6300"}},
		{"leaks", "container_name", map[string]string{"at_least": "4"}, nil},
		{"new-programs-running", "container_name, pid, path, origin, is_script", nil, []string{"f-rootfs-changes 1 /tmp/evilscript.sh rootfs_diff true"}},
		{"running-without-file", "container_name, pid, exe_deleted, exe_memfd", nil, []string{"f-fd-kinds 1 true false", "f-ghost-files 1 false true"}},
		{"programs-in-temporary-places", "container_name, found", nil, []string{"f-ghost-files process", "f-rootfs-changes file"}},
		{"interpreter-one-liners", "container_name, pid", nil, []string{"f-redis 34"}},
		{"masquerading-processes", "container_name, pid, comm", nil, []string{"f-memhash-shm 1 feat"}},
		{"miners", "container_name, found, pid", nil, []string{"f-bridge-net process 1", "life file NULL"}},
		{"lsm-off", "container_name, lsm_type, lsm_profile, processes", nil, []string{"f-unix-sockets apparmor unconfined 1"}},
		{"reverse-shells", "container_name, pid, fds, remote_address", nil, []string{"f-tcp-established 1 [0 1] 127.0.0.1"}},
		{"public-connections", "DISTINCT container_name, remote_address, remote_port", nil, []string{"f-redis 203.0.113.7 443", "f-udp-netlink 203.0.113.7 443"}},
		{"shared-remotes", "remote_address, remote_ports, workloads, names", nil, []string{"203.0.113.7 [443] 2 [f-redis f-udp-netlink]"}},
		{"shared-remotes", "remote_address", map[string]string{"at_least": "3"}, nil},
		{"shared-remotes", "remote_address, workloads", map[string]string{"at_least": "1", "public_only": "false"}, []string{"203.0.113.7 2"}},
		{"service-map", "from_container, from_programs, to_container, to_address, to_port, to_programs, is_internal", nil, []string{
			"f-redis [redis-cli] NULL 203.0.113.7 443 NULL false", "f-tcp-established [feat] f-tcp-established 127.0.0.1 8080 [feat] true",
			"f-udp-netlink [feat] NULL 203.0.113.7 443 NULL false", "f-volumes [sleep] f-nginx 10.0.0.5 80 [nginx] false",
		}},
		{"promiscuous-interfaces", "container_name, found, interface, pids", nil, []string{"f-packet-raw-sock interface eth0 NULL", "f-packet-raw-sock socket 2 [1]"}},
		{"container-firewall-rules", "container_name, rule_text", nil, []string{"f-packet-raw-sock -A INPUT -j DROP"}},
		{"engine-sockets-mounted", "container_name, source, destination, read_only, is_connected", nil, []string{"f-volumes /run/docker.sock /var/run/docker.sock true false"}},
		{"writable-host-mounts", "container_name, source, is_sensitive", nil, []string{"f-volumes /etc true", "f-volumes /var/nodes/bindvol false"}},
		{"setuid-files-added", "path, mode, file_capabilities", nil, []string{"/root/hardlink 4755 NULL", "/usr/bin/caps 0755 cap_sys_admin=ep", "/usr/bin/group 2755 NULL"}},
		{"changes", "container_name, kind, change, item", nil, []string{
			"life environment changed HOME", "life file added /tmp/state", "life file added /tmp/xmrig", "life file changed /tmp/ctr", "life file changed /tmp/ctr", "life file changed /tmp/state",
			"life file removed /etc/delete-me", "life mount added /mnt/host",
			"life process added 21 sleep 0.5", "life process added 34 sleep 0.5", "life process removed 21 sleep 0.5", "life process removed 8 sleep 0.5",
		}},
		{"modified-code", "container_name, path, pages_present", nil, []string{"f-ghost-files /bin/feat 3"}},
		{"code-without-file", "container_name, pid", nil, []string{"f-memhash-shm 1"}},
		{"code-without-file", "container_name, pid, jit", map[string]string{"include_jit": "true"}, []string{"f-memhash-shm 1 NULL", "f-p5-everything 14 /usr/lib/jvm/lib/server/libjvm.so"}},
		{"elf-images-in-memory", "container_name, pids, mapping_kind, address, evidence, needed", nil, []string{"f-memhash-shm [1] memfd 0 header NULL", "f-unix-sockets [1] anon 7000 program_headers [libc.so.6]"}},
		{"images-of-deleted-files", "container_name, pid, path, mappings, pages_present, has_header, type, build_id", nil, []string{"f-memhash-shm 1 x 1 2 true EXEC 0a"}},
		{"pages-in-several-workloads", "sha256, images, workloads, pages, mapping_kinds, perms, container_names", nil, []string{"same 2 2 2 [anon heap] [r-xp rwxp] [f-redis f-unix-sockets]"}},
		{"pages-in-several-workloads", "sha256", map[string]string{"at_least": "3"}, nil},
		{"code-unlike-replicas", "container_name, pid, path, file_offset, address, sha256, same, replicas", nil, []string{"f-unix-sockets 1 /bin/feat 0 400000 changed 1 4"}},
		{"rule-matches", "severity, rule, container_name, origins, pids, places, matches, strings, description", nil, []string{
			`high Miner f-bridge-net [memory] [1] [heap] 2 [$a $b] mines \"coins\"`, "NULL Any f-bridge-net [file] NULL [/tmp/x] 1 NULL NULL",
		}},
		{"high-entropy-memory", "container_name, start_address, pages, mean_entropy", nil, []string{"f-unix-sockets 100000 20 7.9"}},
		{"shared-secrets", "value_length, workloads, names, container_names", nil, []string{"13 2 [AWS_SECRET_ACCESS_KEY] [f-odd-env-argv f-sleep-secret]"}},
		{"shared-secrets", "names", map[string]string{"at_least_characters": "14"}, nil},
		{"shared-secrets", "names", map[string]string{"at_least": "3"}, nil},
		{"preload-environment", "container_name, pid, name, value", nil, []string{"f-tmpfs-data 1 LD_PRELOAD /data/x.so"}},
		{"environment-drift", "DISTINCT container_name, change, name", nil, []string{"f-redis missing HOSTNAME", "f-tmpfs-data added LD_PRELOAD"}},
		{"key-files", "container_name, found, path", nil, []string{"f-fd-kinds open file /root/.ssh/id_ed25519", "f-rootfs-changes file /root/.ssh/authorized_keys", "f-sleep-secret mount /etc/tls/server.key"}},
	} {
		q, ok := queries.Lookup(test.query)
		if !ok {
			t.Errorf("no query %s", test.query)
			continue
		}
		got := rows(t, db, fmt.Sprintf("SELECT %s FROM (%s) ORDER BY ALL", test.columns, bound(t, q, test.params)))
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s %v (-want +got):\n%s", test.query, test.params, diff)
		}
	}
}
