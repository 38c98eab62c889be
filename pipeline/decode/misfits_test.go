package decode_test

import (
	"archive/tar"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ckexport/ckexport/pipeline/decode"
	"github.com/ckexport/ckexport/schema"
)

// withMetadata decodes a real checkpoint with a metadata file changed.
func withMetadata(t *testing.T, name string, change func(map[string]any)) *schema.Rows {
	t.Helper()
	members := readTar(t, own("odd-env-argv.tar"))
	content := map[string]any{}
	if err := json.Unmarshal(members[indexOf(t, members, name)].data, &content); err != nil {
		t.Fatal(err)
	}
	if content == nil { // network.status of a container without a network is null
		content = map[string]any{}
	}
	change(content)
	data, err := json.Marshal(content)
	if err != nil {
		t.Fatal(err)
	}
	return decodeWith(t, tarMember{header: tar.Header{Name: name, Mode: 0o600, Typeflag: tar.TypeReg}, data: data})
}

// misfits returns what problems say of the values that were left out of a file.
func misfits(rows *schema.Rows, name string) string {
	var all []string
	for _, p := range rows.Problems {
		if value(p.Member.Text) == name && p.Code == decode.Malformed {
			all = append(all, p.Message)
		}
	}
	return strings.Join(all, "; ")
}

// TestMisfitsOfSpec: what is of another kind than it should be is NULL, not 0, which
// would be root, and no memory; what stands beside it is there.
func TestMisfitsOfSpec(t *testing.T) {
	rows := withMetadata(t, "spec.dump", func(spec map[string]any) {
		process, linux := spec["process"].(map[string]any), spec["linux"].(map[string]any)
		process["user"] = map[string]any{"uid": -1, "gid": 7, "additionalGids": []any{1, "2"}}
		process["args"] = "sleep"
		process["oomScoreAdj"] = "5"
		linux["resources"] = map[string]any{"memory": map[string]any{"limit": "5", "swap": 6}, "cpu": map[string]any{"shares": -1, "quota": 1.5}, "pids": []any{}}
		linux["devices"] = []any{map[string]any{"path": "/dev/x", "major": "1", "minor": 2}, "y"}
		spec["annotations"].(map[string]any)["odd"] = 5
	})
	equal(t, "problem", misfits(rows, "spec.dump"), "not the JSON that is expected: what is of another kind was left out: "+
		"/annotations/*, /linux/devices/0/major, /linux/devices/1, /linux/resources/cpu/quota, /linux/resources/cpu/shares, "+
		"/linux/resources/memory/limit, /linux/resources/pids, /process/args and 3 more")
	s := rows.ContainerSpecs[0]
	equal(t, "left out", s.UID == nil && s.Args == nil && s.AdditionalGIDs == nil && s.OOMScoreAdj == nil && s.MemoryLimitBytes == nil && s.CPUShares == nil &&
		s.CPUQuotaUS == nil && s.PidsLimit == nil && rows.ContainerDevices[0].Major == nil, true)
	equal(t, "beside it", fmt.Sprint(*s.GID, *s.MemorySwapBytes, *rows.ContainerDevices[0].Minor, *s.Cwd), "7 6 2/")
	for _, a := range rows.Annotations {
		if a.Key == "odd" {
			t.Errorf("annotation with value %q", a.Value)
		}
	}
	equal(t, "engine, by an annotation beside it", rows.Checkpoints[0].Engine, "podman")
}

// TestMisfitsThatDefault: what is false or 0 where it is absent is NULL where it is of
// another kind.
func TestMisfitsThatDefault(t *testing.T) {
	for _, odd := range []any{"no", 1.5, -1, []any{}, map[string]any{}, map[string]any{"a": true}} {
		rows := withMetadata(t, "spec.dump", func(spec map[string]any) {
			process := spec["process"].(map[string]any)
			process["terminal"], process["noNewPrivileges"], spec["root"] = odd, odd, map[string]any{"path": "/r", "readonly": odd}
			spec["linux"].(map[string]any)["resources"] = map[string]any{"devices": []any{map[string]any{"allow": odd, "access": "r"}, map[string]any{"allow": true}, map[string]any{}}}
		})
		s, what := rows.ContainerSpecs[0], fmt.Sprintf("%#v: ", odd)
		equal(t, what+"problem", misfits(rows, "spec.dump"), "not the JSON that is expected: what is of another kind was left out: "+
			"/linux/resources/devices/0/allow, /process/noNewPrivileges, /process/terminal, /root/readonly")
		equal(t, what+"left out", s.Terminal == nil && s.NoNewPrivs == nil && s.RootReadonly == nil, true)
		rules := slices.DeleteFunc(rows.ContainerDevices, func(d schema.ContainerDevice) bool { return d.Origin != "rule" })
		equal(t, what+"rules", rules[0].Allow == nil && *rules[0].Access == "r" && *rules[1].Allow && !*rules[2].Allow, true)
		equal(t, what+"beside it", *s.RootPath+*s.Cwd, "/r/")
	}
	rows := withMetadata(t, "spec.dump", func(spec map[string]any) {
		delete(spec["process"].(map[string]any), "terminal")
		spec["root"] = map[string]any{"readonly": nil}
	})
	equal(t, "absent, and null", *rows.ContainerSpecs[0].Terminal || *rows.ContainerSpecs[0].RootReadonly, false)
}

// TestTimesOfConfig: a time in another form costs nothing but itself.
func TestTimesOfConfig(t *testing.T) {
	for _, created := range []any{"2026-11-23T14:35:44.5+05:30", "0001-01-01T00:00:00Z",
		"0001-01-01T00:00:00+01:00", "0001-01-01T00:00:00-05:00", "0001-01-01T00:53:28+00:53", "0000-12-31T19:03:58-04:56", nil, "", "2026-11-23 14:35:44 +0000 UTC", "2026-02-30T00:00:00Z", 1700000000, true, map[string]any{}} {
		rows := withMetadata(t, "config.dump", func(config map[string]any) { config["createdTime"] = created })
		c := rows.Checkpoints[0]
		equal(t, fmt.Sprintf("%v: runtime", created), value(c.Runtime), "runc")
		switch created {
		case "2026-11-23T14:35:44.5+05:30":
			equal(t, "time with an offset", c.CreatedAt.Format(time.RFC3339Nano), "2026-11-23T09:05:44.5Z")
		case "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+01:00", "0001-01-01T00:00:00-05:00", "0001-01-01T00:53:28+00:53", "0000-12-31T19:03:58-04:56", nil:
			equal(t, "no time", c.CreatedAt == nil && misfits(rows, "config.dump") == "", true)
		default:
			equal(t, fmt.Sprintf("%v: time", created), c.CreatedAt == nil, true)
			equal(t, fmt.Sprintf("%v: problem", created), misfits(rows, "config.dump"), "not the JSON that is expected: what is of another kind was left out: /createdTime")
		}
	}
}

// TestInterfacesThatAreNull: an interface of which network.status says nothing has a row,
// and costs none.
func TestInterfacesThatAreNull(t *testing.T) {
	rows := withMetadata(t, "network.status", func(status map[string]any) {
		status["n"] = map[string]any{"interfaces": map[string]any{"eth0": nil, "eth1": map[string]any{"subnets": []any{map[string]any{"ipnet": "10.0.0.2/8"}}}}}
		status["null"] = nil
	})
	n := rows.ContainerNetworks
	equal(t, "rows", len(n), 2)
	equal(t, "null", value(n[0].InterfaceName)+value(n[0].Address.Text), "eth0")
	equal(t, "beside it", value(n[1].InterfaceName)+" "+value(n[1].Address.Text), "eth1 10.0.0.2")
}

// TestMetadataThatIsNoText: bytes that JSON cannot hold do not change unnoticed.
func TestMetadataThatIsNoText(t *testing.T) {
	members := readTar(t, own("odd-env-argv.tar"))
	spec := &members[indexOf(t, members, "spec.dump")]
	spec.data = []byte(strings.Replace(string(spec.data), `"hostname": "`, `"hostname": "`+"\xff", 1))
	rows := decodeFile(t, writeFile(t, "a.tar", tarOf(t, members))).Checkpoints[0]
	equal(t, "problem", misfits(rows, "spec.dump"), "not all of it is UTF-8; U+FFFD stands for what is not")
}
