package decode_test

import (
	"path"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/ckexport/ckexport/pipeline/decode"
)

// TestDockerCheckpoint: in the folder that Docker writes, CRIU's statistics and
// log lie in a folder below the images, and a configuration among them.
func TestDockerCheckpoint(t *testing.T) {
	var images []tarMember
	for _, m := range readTar(t, own("odd-env-argv.tar")) {
		switch dir, base := path.Split(m.header.Name); {
		case dir == "checkpoint/" && base != "":
			images = append(images, member(base, m.data))
		case base == "stats-dump":
			images = append(images, member("criu.work/stats-dump", m.data))
		}
	}
	images = append(images, member("criu.work/dump.log", []byte("(00.000001) Version: 4.2 (gitid 0)\n")))
	config := object{"created": "2017-11-12T00:00:00Z", "name": "cp1", "tcp": true, "unixSockets": true, "shell": false, "exit": true, "emptyNS": []string{"network"}}
	folder := append(images, jsonMember(t, "config.json", config))
	for variant, at := range map[string]string{
		"tar":                 writeFile(t, "a.tar", tarOf(t, folder)),
		"below other folders": writeFile(t, "a.tar.gz", gzipOf(t, tarOf(t, under("checkpoints/cp1", folder)))),
		"called checkpoint":   writeFile(t, "a.tar", tarOf(t, under("checkpoint", folder))),
		"unpacked":            unpack(t, folder),
	} {
		result := decodeFile(t, at)
		equal(t, variant+": status", result.Archive.Status, decode.StatusOK)
		row := result.Checkpoints[0].Checkpoints[0]
		equal(t, variant+": engine", row.Engine, "docker")
		equal(t, variant+": name", deref(row.CheckpointName), "cp1")
		equal(t, variant+": time", value(row.CheckpointedAt).Format(time.RFC3339), "2017-11-12T00:00:00Z")
		equal(t, variant+": options", strings.Join(row.CheckpointOptions, " "), "exit open_tcp external_unix_sockets empty_namespaces=network")
		equal(t, variant+": CRIU", deref(row.CRIUVersion), "4.2")
		equal(t, variant+": statistics", row.PagesWritten != nil && row.FrozenUS != nil, true)
		equal(t, variant+": log", len(result.Checkpoints[0].LogLines), 1)
	}

	// runc's specification has the same name
	spec := append(images, jsonMember(t, "config.json", object{"ociVersion": "1.2.0", "process": object{"args": []string{"sh"}}}))
	row := decodeFile(t, writeFile(t, "a.tar", tarOf(t, spec))).Checkpoints[0].Checkpoints[0]
	equal(t, "engine of runc's", row.Engine, "unknown")
	equal(t, "options of runc's", reflect.ValueOf(row.CheckpointOptions).IsNil(), true)
	broken := append(images, member("config.json", []byte("[1")))
	if result := decodeFile(t, writeFile(t, "a.tar", tarOf(t, broken))); !hasProblem(result, "config.json", decode.Malformed) {
		t.Errorf("a broken config.json: %+v", problemsOf(result))
	}
}
