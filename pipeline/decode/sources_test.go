package decode_test

import (
	"archive/tar"
	"encoding/json"
	"fmt"
	"path"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/ckexport/ckexport/pipeline/decode"
	"github.com/ckexport/ckexport/pipeline/source"
	"github.com/ckexport/ckexport/schema"
)

func member(name string, data []byte) tarMember {
	return tarMember{header: tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644}, data: data}
}

func jsonMember(t testing.TB, name string, v any) tarMember {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return member(name, data)
}

type object = map[string]any

// layoutOf makes an OCI image layout with one image of the given layers.
func layoutOf(t testing.TB, annotations object, layers ...[]byte) []tarMember {
	t.Helper()
	var members []tarMember
	blob := func(data []byte) object {
		members = append(members, member("blobs/sha256/"+digestOf(data), data))
		return object{"digest": "sha256:" + digestOf(data), "size": len(data)}
	}
	encode := func(v any) []byte { return jsonMember(t, "", v).data }
	var list []object
	for _, l := range layers {
		list = append(list, blob(l))
	}
	config := blob(encode(object{"architecture": "amd64", "created": "2026-11-23T14:49:12Z"}))
	manifest := blob(encode(object{"schemaVersion": 2, "config": config, "layers": list, "annotations": annotations}))
	manifest["annotations"] = object{"org.opencontainers.image.ref.name": "localhost/ck:1"}
	return append(members, jsonMember(t, "index.json", object{"schemaVersion": 2, "manifests": []object{manifest}}),
		jsonMember(t, "oci-layout", object{"imageLayoutVersion": "1.0.0"}))
}

// dockerArchiveOf makes an archive as docker save and podman save do, layers
// under their own names and linked.
func dockerArchiveOf(t testing.TB, layers ...[]byte) []tarMember {
	t.Helper()
	var members []tarMember
	var names []string
	for i, l := range layers {
		name := digestOf(l) + ".tar"
		names = append(names, name)
		link := tar.Header{Typeflag: tar.TypeSymlink, Name: fmt.Sprintf("%064d/layer.tar", i), Linkname: "../" + name}
		members = append(members, tarMember{header: link}, member(name, l))
	}
	config := jsonMember(t, "", object{"created": "2026-11-23T14:49:12Z"}).data
	return append(members, member(digestOf(config)+".json", config),
		jsonMember(t, "manifest.json", []object{{"Config": digestOf(config) + ".json", "RepoTags": []string{"localhost/ck:1"}, "Layers": names}}))
}

// under returns the members packed under a folder.
func under(folder string, members []tarMember) []tarMember {
	members = slices.Clone(members)
	for i := range members {
		members[i].header.Name = folder + "/" + strings.TrimPrefix(members[i].header.Name, "./")
	}
	return members
}

var hostAnnotations = object{
	"io.podman.annotations.checkpoint.host.kernel": "6.1.0-test", "io.podman.annotations.checkpoint.host.arch": "amd64",
	"io.podman.annotations.checkpoint.criu.version": "40200", "io.podman.annotations.checkpoint.podman.version": "4.3.1",
	"io.podman.annotations.checkpoint.distribution.name": "debian", "org.opencontainers.image.base.name": "",
}

// TestContainerImages: a checkpoint that is the layer of a container image, in
// whatever form the image is, is the checkpoint of the plain archive.
func TestContainerImages(t *testing.T) {
	for _, name := range []string{"odd-env-argv.tar", "rootfs-changes.tar.gz"} {
		members := readTar(t, own(name))
		layer := tarOf(t, members)
		other := tarOf(t, []tarMember{member("etc/motd", []byte("hello\n")), member("boot/disk.img", []byte("no image of CRIU"))})
		want := decodeFile(t, own(name)).Checkpoints[0]
		oci := layoutOf(t, hostAnnotations, gzipOf(t, layer))
		late := layoutOf(t, hostAnnotations, gzipOf(t, tarOf(t, reversed(members))))
		docker := dockerArchiveOf(t, layer)
		for variant, path := range map[string]string{
			"oci":                  writeFile(t, "oci.tar", tarOf(t, oci)),
			"oci, reversed":        writeFile(t, "oci.tar", tarOf(t, reversed(oci))),
			"oci, layer reversed":  writeFile(t, "oci.tar", tarOf(t, late)),
			"oci, all reversed":    writeFile(t, "oci.tar.gz", gzipOf(t, tarOf(t, reversed(late)))),
			"oci, gzip":            writeFile(t, "oci.tar.gz", gzipOf(t, tarOf(t, oci))),
			"oci, under a folder":  writeFile(t, "oci.tar", tarOf(t, under("image", oci))),
			"oci, folder":          unpack(t, oci),
			"oci, plain layer":     writeFile(t, "oci.tar", tarOf(t, layoutOf(t, hostAnnotations, layer))),
			"oci, plain, folder":   unpack(t, layoutOf(t, hostAnnotations, layer)),
			"oci, zstd layer":      writeFile(t, "oci.tar", tarOf(t, layoutOf(t, hostAnnotations, zstdOf(t, layer)))),
			"oci, two layers":      writeFile(t, "oci.tar", tarOf(t, layoutOf(t, hostAnnotations, gzipOf(t, other), gzipOf(t, layer)))),
			"docker":               writeFile(t, "docker.tar", tarOf(t, docker)),
			"docker, gzip":         writeFile(t, "docker.tar.gz", gzipOf(t, tarOf(t, docker))),
			"docker, two layers":   writeFile(t, "docker.tar", tarOf(t, dockerArchiveOf(t, layer, other))),
			"docker, folder":       unpack(t, docker),
			"docker, image folder": writeFile(t, "docker.tar", tarOf(t, under("x", docker))),
		} {
			t.Run(name+"/"+variant, func(t *testing.T) {
				result := decodeFile(t, path)
				if result.Archive.Status != decode.StatusOK || len(result.Checkpoints) != 1 {
					t.Fatalf("status %s, %d checkpoints, error %s, problems %+v", result.Archive.Status, len(result.Checkpoints), deref(result.Archive.Error), problemsOf(result))
				}
				got := result.Checkpoints[0]
				expected := *want
				expected.Annotations = slices.DeleteFunc(slices.Clone(got.Annotations), func(a schema.Annotation) bool { return a.Kind == "image_annotation" })
				if !reflect.DeepEqual(expected.Annotations, want.Annotations) {
					t.Error("annotations of the container differ")
				}
				expected.Annotations = got.Annotations
				sameRows(t, got, &expected)
				if !reflect.DeepEqual(got.Checkpoints[0].RootfsDiffBytes, want.Checkpoints[0].RootfsDiffBytes) {
					t.Errorf("rootfs_diff_bytes differ")
				}
				sawImage(t, got, strings.HasPrefix(variant, "oci"))
			})
		}
	}
}

// sawImage checks what is told of the image around a checkpoint.
func sawImage(t *testing.T, rows *schema.Rows, oci bool) {
	t.Helper()
	c := rows.Checkpoints[0]
	if !slices.Equal(c.CheckpointImageNames, []string{"localhost/ck:1"}) || c.CheckpointImageCreatedAt == nil || c.ContainerMember == nil {
		t.Errorf("image %v of %v in %s", c.CheckpointImageNames, c.CheckpointImageCreatedAt, deref(c.ContainerMember))
	}
	if oci {
		if deref(c.KernelRelease) != "6.1.0-test" || deref(c.CRIUVersion) != "40200" || deref(c.EngineVersion) != "4.3.1" || deref(c.HostArch) != "amd64" ||
			deref(c.HostDistribution) != "debian" || !strings.HasPrefix(deref(c.CheckpointImageDigest), "sha256:") {
			t.Errorf("the annotations did not arrive: %+v", c)
		}
		i := slices.IndexFunc(rows.Annotations, func(a schema.Annotation) bool {
			return a.Kind == "image_annotation" && strings.HasSuffix(a.Key, "host.kernel")
		})
		if i < 0 || rows.Annotations[i].Value != "6.1.0-test" {
			t.Error("no row for an annotation of the image")
		}
	}
	var inner, outer int
	seen := map[uint32]bool{}
	for _, m := range rows.ArchiveMembers {
		if seen[m.Position] {
			t.Errorf("position %d occurs twice", m.Position)
		}
		seen[m.Position] = true
		if m.ContainerMember == nil {
			outer++
		} else if *m.ContainerMember == deref(c.ContainerMember) {
			inner++
		} else {
			t.Errorf("a member of %s", *m.ContainerMember)
		}
	}
	if inner < 10 || outer < 3 {
		t.Errorf("%d members of the layer, %d of the image", inner, outer)
	}
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// TestRealContainerImages: the images that engines made. Podman's two forms
// are of one checkpoint; checkpointctl packed an archive that is at hand.
func TestRealContainerImages(t *testing.T) {
	images := archivesBelow(t, sharedArchives)
	images = slices.DeleteFunc(images, func(p string) bool { return filepath.Base(filepath.Dir(p)) != "oci-images" })
	rows := map[string]*schema.Rows{}
	for _, p := range images {
		result := decodeFile(t, p)
		if result.Archive.Status != decode.StatusOK || len(result.Checkpoints) != 1 || len(result.Checkpoints[0].Problems) != 0 {
			t.Errorf("%s: status %s, problems %+v", p, result.Archive.Status, problemsOf(result))
			continue
		}
		rows[filepath.Base(p)] = result.Checkpoints[0]
	}
	if len(rows) == 0 {
		return // the collection is not at hand
	}
	oci, docker, built := rows["podman-create-image.oci.tar"], rows["podman-create-image.docker.tar"], rows["checkpointctl-build.oci.tar"]
	if oci.CheckpointID != docker.CheckpointID {
		t.Errorf("the image as OCI layout is %s, as docker archive %s", oci.CheckpointID, docker.CheckpointID)
	}
	plain := decodeFile(t, filepath.Join(sharedArchives, "crio/checkpoint-evil_prod-c-2026-11-23T14:34:56Z.tar")).Checkpoints[0]
	sameIdentity(t, built, plain)
	c := oci.Checkpoints[0]
	for what, pair := range map[string][2]string{
		"kernel_release": {deref(c.KernelRelease), "6.18.44-fc-v657"}, "criu_version": {deref(c.CRIUVersion), "40300"},
		"engine_version": {deref(c.EngineVersion), "4.3.1"}, "host_arch": {deref(c.HostArch), "amd64"}, "container_name": {deref(c.ContainerName), "cki"},
		"cgroup_version": {deref(c.CgroupVersion), "v1"}, "host_distribution": {deref(c.HostDistribution), "debian"},
		"host_distribution_version": {deref(c.HostDistributionVersion), "12"}, "image_requested": {deref(c.ImageRequested), "docker.io/fleet/bb:3"},
		"conmon_version": {deref(c.ConmonVersion), "conmon version 2.1.6, commit: unknown"}, "checkpoint_image_names": {c.CheckpointImageNames[0], "localhost/ckpt:1"},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s is %q, want %q", what, pair[0], pair[1])
		}
	}
	var n int
	for _, a := range oci.Annotations {
		if a.Kind == "image_annotation" {
			n++
		}
	}
	if n != 17 { // 16 of the manifest, the reference of the index
		t.Errorf("%d annotations of the image", n)
	}
}

func sameIdentity(t *testing.T, got, want *schema.Rows) {
	t.Helper()
	if got.CheckpointID != want.CheckpointID || got.CheckpointID == "" {
		t.Errorf("checkpoint_id is %q, want %q", got.CheckpointID, want.CheckpointID)
	}
}

// TestOrdinaryImage: an image without a checkpoint is told for what it is.
func TestOrdinaryImage(t *testing.T) {
	layer := tarOf(t, []tarMember{member("etc/passwd", []byte("root:x:0:0::/:/bin/sh\n")), member("boot/initrd.img", []byte("x")),
		member("var/lib/dpkg/status", []byte("Package: x\n")), member("doc/changelog.gz", gzipOf(t, []byte("changes"))), member("doc/changelog.gz", nil)})
	for name, members := range map[string][]tarMember{
		"oci":    layoutOf(t, nil, gzipOf(t, layer), zstdOf(t, layer)),
		"docker": dockerArchiveOf(t, layer),
	} {
		result := decodeFile(t, writeFile(t, "image.tar", tarOf(t, members)))
		if len(result.Checkpoints) != 0 || !hasProblem(result, "", decode.NotACheckpoint) || !strings.Contains(deref(result.Archive.Error), "ordinary container image") {
			t.Errorf("%s: status %s, error %s", name, result.Archive.Status, deref(result.Archive.Error))
		}
	}
	empty := []tarMember{jsonMember(t, "oci-layout", object{"imageLayoutVersion": "1.0.0"}), jsonMember(t, "index.json", object{"manifests": []any{}})}
	if result := decodeFile(t, writeFile(t, "image.tar", tarOf(t, empty))); !hasProblem(result, "", decode.NotACheckpoint) || !strings.Contains(deref(result.Archive.Error), "layout") {
		t.Errorf("an empty layout: %s", deref(result.Archive.Error))
	}
}

// TestDamagedImage: a layer that is cut short keeps what precedes the cut, and
// a document that is not what its digest says is told.
func TestDamagedImage(t *testing.T) {
	layer := tarOf(t, readTar(t, own("odd-env-argv.tar")))
	members := layoutOf(t, hostAnnotations, gzipOf(t, layer[:len(layer)/2]))
	result := decodeFile(t, writeFile(t, "image.tar", tarOf(t, members)))
	if result.Archive.Status != decode.StatusPartial || !hasProblem(result, members[0].header.Name, decode.Truncated) {
		t.Errorf("a layer cut short: status %s, %+v", result.Archive.Status, problemsOf(result))
	}
	whole := gzipOf(t, layer)
	result = decodeFile(t, writeFile(t, "image.tar", tarOf(t, layoutOf(t, hostAnnotations, whole[:len(whole)/2]))))
	if result.Archive.Status == decode.StatusOK {
		t.Error("a compressed layer cut short is ok")
	}
	outer := tarOf(t, layoutOf(t, hostAnnotations, whole))
	result = decodeFile(t, writeFile(t, "image.tar", outer[:len(whole)/2]))
	if result.Archive.Status != decode.StatusPartial && result.Archive.Status != decode.StatusFailed {
		t.Errorf("an image cut short: status %s", result.Archive.Status)
	}
	members = layoutOf(t, hostAnnotations, whole)
	i := slices.IndexFunc(members, func(m tarMember) bool { return strings.Contains(string(m.data), "host.kernel") })
	members[i].data = []byte(strings.Replace(string(members[i].data), "6.1.0-test", "6.6.6-fake", 1))
	result = decodeFile(t, writeFile(t, "image.tar", tarOf(t, members)))
	if !slices.ContainsFunc(problemsOf(result), func(p schema.Problem) bool {
		return p.Code == decode.Inconsistent && exact(p.Member) == members[i].header.Name
	}) {
		t.Errorf("a manifest was changed: %+v", problemsOf(result))
	}
}

// TestNestingIsBounded: archives within archives are read so deep and no
// deeper, and what they expand to is limited.
func TestNestingIsBounded(t *testing.T) {
	data := gzipOf(t, tarOf(t, readTar(t, own("odd-env-argv.tar"))))
	for depth := 1; depth <= 5; depth++ {
		data = gzipOf(t, tarOf(t, []tarMember{member("inner.tar.gz", data)}))
		result := decodeFile(t, writeFile(t, "a.tar.gz", data))
		if want := depth <= decode.DefaultLimits().Nesting; (len(result.Checkpoints) == 1) != want {
			t.Errorf("depth %d: %d checkpoints, %s", depth, len(result.Checkpoints), deref(result.Archive.Error))
		}
	}
	d := decode.Decoder{Limits: decode.DefaultLimits()}
	d.Limits.ExpandedBytes = 100 << 10
	bomb := writeFile(t, "bomb.tar.gz", gzipOf(t, tarOf(t, []tarMember{member("a.tar.gz", gzipOf(t, tarOf(t, []tarMember{member("zeros", make([]byte, 64<<20))})))})))
	result, err := d.Decode(t.Context(), source.Path(bomb))
	if err != nil || !hasProblem(result, "", decode.LimitExceeded) || result.Archive.ExpandedBytes > 300<<10 {
		t.Errorf("%v, %d bytes, %+v", err, result.Archive.ExpandedBytes, result.Problems)
	}
}

// TestBareImageFolder: a tar of CRIU's images alone, with or without a folder
// in front, is a checkpoint without metadata; the folder does not matter.
func TestBareImageFolder(t *testing.T) {
	var images []tarMember
	for _, m := range readTar(t, own("odd-env-argv.tar")) {
		if dir, base := path.Split(m.header.Name); dir == "checkpoint/" && base != "" && base != "descriptors.json" {
			m.header.Name = base
			images = append(images, m)
		}
	}
	want := decodeFile(t, own("odd-env-argv.tar")).Checkpoints[0]
	var first *schema.Rows
	for _, c := range []struct {
		name, dir string
		path      string
	}{
		{"no folder", "", writeFile(t, "a.tar", tarOf(t, images))},
		{"folder", "dump", writeFile(t, "a.tar.gz", gzipOf(t, tarOf(t, under("dump", images))))},
		{"two folders", "var/dump", writeFile(t, "a.tar", tarOf(t, under("var/dump", images)))},
		{"checkpoint", "checkpoint", writeFile(t, "a.tar", tarOf(t, under("checkpoint", images)))},
		{"unpacked", "", unpack(t, images)},
		{"in an image", "", writeFile(t, "a.tar", tarOf(t, layoutOf(t, hostAnnotations, gzipOf(t, tarOf(t, images)))))},
	} {
		t.Run(c.name, func(t *testing.T) {
			result := decodeFile(t, c.path)
			if result.Archive.Status != decode.StatusOK || len(result.Checkpoints) != 1 {
				t.Fatalf("status %s, %d checkpoints, %+v", result.Archive.Status, len(result.Checkpoints), problemsOf(result))
			}
			rows := result.Checkpoints[0]
			if first == nil {
				first = rows
			}
			if c.name != "checkpoint" { // there the folder is part of the names, as in an engine's archive
				sameIdentity(t, rows, first)
			}
			row := rows.Checkpoints[0]
			if row.ImageDir != c.dir || row.ContainerName != nil || row.ContainerID != nil || len(rows.ContainerSpecs) != 0 {
				t.Errorf("image_dir %q, %d specs", row.ImageDir, len(rows.ContainerSpecs))
			}
			if wanted := map[bool]string{true: "podman", false: "unknown"}[row.ContainerMember != nil]; row.Engine != wanted {
				t.Errorf("engine %s, want %s", row.Engine, wanted)
			}
			if !reflect.DeepEqual(rows.Processes, want.Processes) || !reflect.DeepEqual(rows.Environment, want.Environment) {
				t.Error("processes or environment differ")
			}
		})
	}
}

// TestPodArchive: each container of a pod archive, in a folder or an archive
// of its own, is the checkpoint it is alone, with the pod's facts added.
func TestPodArchive(t *testing.T) {
	containers := map[string]string{"web": "odd-env-argv.tar", "db": "checkpoint-evil_prod-c-2026-11-23T14-35-45Z.tar", "cache": "rootfs-changes.tar.gz"}
	options := object{
		"version": 1, "containers": object{"web": "k8s_web_shop", "db": "k8s_db_shop", "cache": "k8s_cache_shop"},
		"annotations": object{"org.criu.checkpoint.engine.version": "1.40.0", "org.criu.checkpoint.pod.uid": "1234", "org.criu.checkpoint.host.kernel": "6.1.0-test"},
	}
	dump := object{"id": "abcd", "metadata": object{"name": "shop-pod", "namespace": "shop", "uid": "1234"}}
	metadata := []tarMember{jsonMember(t, "pod.options", options), jsonMember(t, "pod.dump", dump)}
	folders, archives, mixed := slices.Clone(metadata), slices.Clone(metadata), slices.Clone(metadata)
	for name, archive := range containers {
		members := readTar(t, own(archive))
		folders = append(folders, under(name, members)...)
		packed := member(name+".tar", tarOf(t, members))
		if name == "cache" {
			packed = member("containers/k8s_cache_shop.tar.gz", gzipOf(t, tarOf(t, members)))
		}
		archives = append(archives, packed)
		if name == "web" {
			mixed = append(mixed, under(name, members)...)
		} else {
			mixed = append(mixed, packed)
		}
	}
	for variant, path := range map[string]string{
		"folders":           writeFile(t, "pod.tar", tarOf(t, folders)),
		"folders, gzip":     writeFile(t, "pod.tar.gz", gzipOf(t, tarOf(t, folders))),
		"folders, reversed": writeFile(t, "pod.tar.gz", gzipOf(t, tarOf(t, reversed(folders)))),
		"archives":          writeFile(t, "pod.tar", tarOf(t, archives)),
		"archives, xz":      writeFile(t, "pod.tar.xz", xzOf(t, tarOf(t, archives))),
		"mixed":             writeFile(t, "pod.tar", tarOf(t, mixed)),
		"under a folder":    writeFile(t, "pod.tar", tarOf(t, under("p", mixed))),
		"unpacked":          unpack(t, mixed),
		"in an image":       writeFile(t, "pod.tar", tarOf(t, layoutOf(t, nil, gzipOf(t, tarOf(t, mixed))))),
	} {
		t.Run(variant, func(t *testing.T) {
			result := decodeFile(t, path)
			if result.Archive.Status != decode.StatusOK || len(result.Checkpoints) != len(containers) {
				t.Fatalf("status %s, %d checkpoints, %+v", result.Archive.Status, len(result.Checkpoints), problemsOf(result))
			}
			for name, archive := range containers {
				want := decodeFile(t, own(archive)).Checkpoints[0]
				i := slices.IndexFunc(result.Checkpoints, func(r *schema.Rows) bool { return r.CheckpointID == want.CheckpointID })
				if i < 0 {
					t.Fatalf("no checkpoint of %s", name)
				}
				got := result.Checkpoints[i]
				expected := *want
				expected.Annotations = got.Annotations
				expected.ContainerSpecs = slices.Clone(want.ContainerSpecs)
				expected.ContainerSpecs[0].PodOptionsJSON, expected.ContainerSpecs[0].PodDumpJSON = ptr(string(metadata[0].data)), ptr(string(metadata[1].data))
				if name == "web" {
					expected.Mounts = slices.Clone(want.Mounts)
					for i, m := range got.Mounts { // names a member of the archive, in its folder
						if m.ContentMember != nil && expected.Mounts[i].ContentMember != nil && strings.HasSuffix(*m.ContentMember, *expected.Mounts[i].ContentMember) {
							expected.Mounts[i].ContentMember = m.ContentMember
						}
					}
					sameRows(t, got, &expected)
				} else {
					sameIdentity(t, got, &expected)
					if !reflect.DeepEqual(got.ContainerSpecs, expected.ContainerSpecs) || !reflect.DeepEqual(got.Processes, want.Processes) || len(got.FilesystemEntries) != len(want.FilesystemEntries) {
						t.Errorf("rows of %s differ", name)
					}
				}
				sawPod(t, got.Checkpoints[0], want.Checkpoints[0])
			}
		})
	}
}

func ptr[T any](v T) *T { return &v }

// sawPod checks the facts of the pod: added where the container's metadata
// does not tell them.
func sawPod(t *testing.T, got, want schema.Checkpoint) {
	t.Helper()
	pod := "shop-pod"
	if want.PodName != nil {
		pod = *want.PodName
	}
	if deref(got.PodName) != pod || got.PodUID == nil || got.PodNamespace == nil || deref(got.EngineVersion) != "1.40.0" {
		t.Errorf("pod %s in %s, engine version %s", deref(got.PodName), deref(got.PodNamespace), deref(got.EngineVersion))
	}
	if deref(got.ContainerName) != deref(want.ContainerName) || got.Engine != want.Engine || got.CheckpointBytes != want.CheckpointBytes {
		t.Errorf("container %s, engine %s, %d bytes", deref(got.ContainerName), got.Engine, got.CheckpointBytes)
	}
}
