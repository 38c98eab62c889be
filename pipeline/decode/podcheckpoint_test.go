package decode_test

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/ckexport/ckexport/pipeline/decode"
	"github.com/ckexport/ckexport/schema"
)

// TestPodCheckpoint: a pod's checkpoint has a manifest, the pod's configuration,
// and a checkpoint image for each container.
func TestPodCheckpoint(t *testing.T) {
	spec := jsonMember(t, "", object{"ociVersion": "1.2.0", "process": object{"args": []string{"sleep"}, "cwd": "/"}, "root": object{"path": "r"}, "annotations": object{"io.kubernetes.cri.sandbox-name": "web-1"}}).data
	archives := map[string]string{"app": "odd-env-argv.tar", "db": "volumes.tar.gz", "cache": "rootfs-changes.tar.gz"}
	var list []object
	var packed []tarMember
	for i, name := range []string{"app", "cache", "db"} {
		id := strings.Repeat(string(rune('a'+i)), 64)
		file := fmt.Sprintf("container-%x.tar", sha256.Sum256([]byte(id)))
		list = append(list, object{
			"name": name, "id": id, "archive": file, "config": object{"metadata": object{"name": name}, "image": object{"image": "deb:2", "user_specified_image": "deb"}},
			"status": object{"id": id, "metadata": object{"name": name, "attempt": i}, "created_at": 1795444534943824204, "started_at": 1795444535018817233,
				"image_ref": "sha256:36", "labels": object{"tier": name}},
		})
		packed = append(packed, member(file, tarOf(t, taskImageOf(t, imagesOf(t, archives[name]), anyOf(t, specType, spec), nil))))
	}
	pod := append(packed, jsonMember(t, "checkpoint-manifest.json", object{"version": 2, "sandboxId": "s1", "containers": list}),
		jsonMember(t, "pod-config.json", object{"metadata": object{"name": "web-1", "namespace": "shop", "uid": "u1"}, "hostname": "web"}))
	for variant, at := range map[string]string{
		"tar":            writeFile(t, "a.tar", tarOf(t, pod)),
		"reversed":       writeFile(t, "a.tar.gz", gzipOf(t, tarOf(t, reversed(pod)))),
		"below a folder": writeFile(t, "a.tar", tarOf(t, under("pod", pod))),
		"unpacked":       unpack(t, pod),
	} {
		t.Run(variant, func(t *testing.T) {
			result := decodeFile(t, at)
			if result.Archive.Status != decode.StatusOK || len(result.Checkpoints) != 3 {
				t.Fatalf("status %s, %d checkpoints, %+v", result.Archive.Status, len(result.Checkpoints), problemsOf(result))
			}
			var got []string
			for _, rows := range result.Checkpoints {
				c := rows.Checkpoints[0]
				got = append(got, fmt.Sprintln(c.Engine, deref(c.ContainerName), deref(c.ContainerID)[:2], deref(c.PodName), deref(c.PodNamespace), deref(c.PodUID),
					deref(c.PodSandboxID), deref(c.Image), deref(c.ImageRequested), value(c.Attempt), value(c.CreatedAt).Unix(), value(c.StartedAt).Unix()))
				if want := decodeFile(t, own(archives[deref(c.ContainerName)])).Checkpoints[0]; len(rows.Processes) != len(want.Processes) {
					t.Errorf("%s has %d processes", deref(c.ContainerName), len(rows.Processes))
				}
				if !slices.ContainsFunc(rows.FilesystemEntries, func(f schema.FilesystemEntry) bool { return deref(f.Path.Text) == "/etc/passwd" }) {
					t.Errorf("no changed files of %s", deref(c.ContainerName))
				}
				if len(rows.Problems) > 0 {
					t.Errorf("problems: %+v", rows.Problems)
				}
			}
			slices.Sort(got)
			equal(t, "checkpoints", strings.Join(got, ""), "containerd app aa web-1 shop u1 s1 deb:2 deb 0 1795444534 1795444535\n"+
				"containerd cache bb web-1 shop u1 s1 deb:2 deb 1 1795444534 1795444535\ncontainerd db cc web-1 shop u1 s1 deb:2 deb 2 1795444534 1795444535\n")
		})
	}
	config := len(pod) - 1
	pod[config].data = []byte(strings.Replace(string(pod[config].data), "web-1", "web-2", 1))
	result := decodeFile(t, writeFile(t, "a.tar", tarOf(t, pod)))
	if deref(result.Checkpoints[0].Checkpoints[0].PodName) != "web-1" || !slices.ContainsFunc(problemsOf(result), func(p schema.Problem) bool { return p.Code == decode.Inconsistent }) {
		t.Errorf("another name in the pod's configuration: %+v", problemsOf(result))
	}
	pod[config-1].data = []byte(`{"sandboxId": 1`)
	if result := decodeFile(t, writeFile(t, "a.tar", tarOf(t, pod))); len(result.Checkpoints) != 3 || !hasProblem(result, "checkpoint-manifest.json", decode.Malformed) {
		t.Errorf("a broken manifest: %+v", problemsOf(result))
	}
}
