package decode_test

import (
	"bytes"
	"path"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/ckexport/ckexport/pipeline/decode"
	"github.com/ckexport/ckexport/schema"
)

// anyOf makes a message with its type, as containerd stores them.
func anyOf(t testing.TB, kind string, value []byte) []byte {
	t.Helper()
	data, err := proto.Marshal(&anypb.Any{TypeUrl: kind, Value: value})
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// imagesOf returns the members of an archive's image folder alone.
func imagesOf(t testing.TB, name string) (images []tarMember) {
	t.Helper()
	for _, m := range readTar(t, own(name)) {
		if dir, base := path.Split(m.header.Name); strings.TrimPrefix(dir, "./") == "checkpoint/" && base != "" {
			images = append(images, member(base, m.data))
		}
	}
	return images
}

// taskImageOf makes a checkpoint image as ctr container checkpoint and ctr image
// export do: blobs by their digests, then the index of the layout.
func taskImageOf(t testing.TB, images []tarMember, spec []byte, annotations object) []tarMember {
	t.Helper()
	layer := gzipOf(t, tarOf(t, []tarMember{member("etc/passwd", []byte("root:x:0:0::/:/bin/sh\n")), member("etc/.wh.motd", nil), member("config.dump", []byte("a file of the container's"))}))
	var options []byte
	for _, number := range []protowire.Number{1, 5} {
		options = protowire.AppendVarint(protowire.AppendTag(options, number, protowire.VarintType), 1)
	}
	options = protowire.AppendVarint(protowire.AppendTag(options, 2, protowire.VarintType), 0)
	options = protowire.AppendString(protowire.AppendTag(options, 7, protowire.BytesType), "soft")
	var members []tarMember
	var list []object
	for _, b := range []struct {
		kind string
		data []byte
	}{
		{"vnd.containerd.container.criu.checkpoint.criu.tar", tarOf(t, images)},
		{"vnd.containerd.container.checkpoint.config.v1+proto", spec},
		{"vnd.containerd.container.checkpoint.options.v1+proto", anyOf(t, "containerd.runc.v1.CheckpointOptions", options)},
		{"vnd.containerd.container.checkpoint.runtime.options+proto", anyOf(t, "containerd.runc.v1.Options", nil)},
		{"vnd.oci.image.layer.v1.tar+gzip", layer},
		{"vnd.oci.image.manifest.v1+json", []byte(`{"schemaVersion": 2, "layers": []}`)},
	} {
		members = append(members, member("blobs/sha256/"+digestOf(b.data), b.data))
		list = append(list, object{"mediaType": "application/" + b.kind, "digest": "sha256:" + digestOf(b.data), "size": len(b.data)})
	}
	index := jsonMember(t, "", object{"schemaVersion": 2, "manifests": list, "annotations": annotations}).data
	members = append(members, member("blobs/sha256/"+digestOf(index), index))
	slices.SortFunc(members, func(a, b tarMember) int { return strings.Compare(a.header.Name, b.header.Name) })
	named := object{"digest": "sha256:" + digestOf(index), "annotations": object{"io.containerd.image.name": "localhost/ck:1", "org.opencontainers.image.ref.name": "1"}}
	return append(members, jsonMember(t, "index.json", object{"schemaVersion": 2, "manifests": []object{named}}), jsonMember(t, "oci-layout", object{"imageLayoutVersion": "1.0.0"}))
}

const specType = "types.containerd.io/opencontainers/runtime-spec/1/Spec"

// TestTaskImages: of a checkpoint image of containerd's own, the specification,
// the options and the files of the writable layer are told, and the names of
// both images.
func TestTaskImages(t *testing.T) {
	images := imagesOf(t, "odd-env-argv.tar")
	spec := jsonMember(t, "", object{"ociVersion": "1.2.0", "process": object{"args": []string{"sleep"}, "cwd": "/"}, "root": object{"path": "r"}, "hostname": "h"}).data
	annotations := object{"org.opencontainers.image.ref.name": "docker.io/library/deb:1", "io.containerd.checkpoint.runtime": "io.containerd.runc.v2"}
	packed := taskImageOf(t, images, anyOf(t, specType, spec), annotations)
	for variant, at := range map[string]string{
		"tar":          writeFile(t, "a.tar", tarOf(t, packed)),
		"reversed":     writeFile(t, "a.tar", tarOf(t, reversed(packed))),
		"gzip":         writeFile(t, "a.tar.gz", gzipOf(t, tarOf(t, packed))),
		"unpacked":     unpack(t, packed),
		"JSON":         writeFile(t, "a.tar", tarOf(t, taskImageOf(t, images, spec, annotations))),
		"tar in a tar": writeFile(t, "a.tar.gz", gzipOf(t, tarOf(t, []tarMember{member("a.tar", tarOf(t, packed))}))),
	} {
		t.Run(variant, func(t *testing.T) {
			result := decodeFile(t, at)
			if result.Archive.Status != decode.StatusOK || len(result.Checkpoints) != 1 {
				t.Fatalf("status %s, %d checkpoints, %+v", result.Archive.Status, len(result.Checkpoints), problemsOf(result))
			}
			rows := result.Checkpoints[0]
			sameIdentity(t, rows, decodeFile(t, writeFile(t, "a.tar", tarOf(t, images))).Checkpoints[0])
			c := rows.Checkpoints[0]
			equal(t, "image", deref(c.Image), "docker.io/library/deb:1")
			equal(t, "image id", deref(c.ImageID), "sha256:"+digestOf([]byte(`{"schemaVersion": 2, "layers": []}`)))
			equal(t, "name of the checkpoint", strings.Join(c.CheckpointImageNames, " "), "localhost/ck:1")
			equal(t, "its digest", strings.HasPrefix(deref(c.CheckpointImageDigest), "sha256:"), true)
			equal(t, "engine and runtime", c.Engine+" "+deref(c.Runtime), "containerd io.containerd.runc.v2")
			equal(t, "options", strings.Join(c.CheckpointOptions, " "), "exit file_locks cgroups_mode=soft")
			equal(t, "rootfs_diff_bytes", value(c.RootfsDiffBytes) > 0, true)
			if len(rows.ContainerSpecs) != 1 || deref(rows.ContainerSpecs[0].SpecJSON) != string(spec) || deref(rows.ContainerSpecs[0].Hostname) != "h" {
				t.Errorf("the specification did not arrive: %+v", rows.ContainerSpecs)
			}
			var changed []string
			for _, f := range rows.FilesystemEntries {
				if f.Origin == "rootfs_diff" {
					changed = append(changed, deref(f.Change)+" "+deref(f.Path.Text))
				}
			}
			equal(t, "changed files", strings.Join(changed, ", "), "written /etc/passwd, deleted /etc/motd, written /config.dump")
		})
	}
}

// TestDamagedTaskImages: what the index lists and is not there, or is not what it
// should be, is told.
func TestDamagedTaskImages(t *testing.T) {
	images := imagesOf(t, "odd-env-argv.tar")
	packed := taskImageOf(t, images, anyOf(t, specType, []byte(`{"ociVersion": "1.2.0"}`)), nil)
	find := func(what string) int {
		return slices.IndexFunc(packed, func(m tarMember) bool {
			return strings.Contains(string(m.data[:min(len(m.data), 100)]), what) && m.header.Name != "index.json"
		})
	}
	isGzip := slices.IndexFunc(packed, func(m tarMember) bool { return strings.HasPrefix(string(m.data), "\x1f\x8b") })
	for what, at := range map[string]int{"specification": find(specType), "options": find("CheckpointOptions"), "layer": isGzip} {
		for _, damage := range []string{"missing", "zeros", "cut"} {
			damaged := slices.Clone(packed)
			switch damage {
			case "missing":
				damaged = slices.Delete(damaged, at, at+1)
			case "zeros":
				damaged[at].data = make([]byte, len(damaged[at].data))
			case "cut":
				damaged[at].data = damaged[at].data[:len(damaged[at].data)-3]
			}
			result := decodeFile(t, writeFile(t, "a.tar", tarOf(t, damaged)))
			if result.Archive.Status != decode.StatusPartial || len(result.Checkpoints) != 1 || !slices.ContainsFunc(problemsOf(result), func(p schema.Problem) bool {
				return p.Severity == decode.Error && exact(p.Member) == packed[at].header.Name
			}) {
				t.Errorf("%s %s: status %s, %+v", what, damage, result.Archive.Status, problemsOf(result))
			}
		}
	}
}

// TestTaskSpecifications: the specification of a checkpoint image of containerd's
// own must be there and whole, as that of other engines.
func TestTaskSpecifications(t *testing.T) {
	images := imagesOf(t, "odd-env-argv.tar")
	whole := anyOf(t, specType, []byte(`{"ociVersion": "1.2.0"}`))
	unlisted := func(members []tarMember) []tarMember {
		for i, m := range members {
			members[i].data = bytes.ReplaceAll(m.data, []byte("checkpoint.config.v1+proto"), []byte("checkpoint.another.v1+proto"))
		}
		return members
	}
	for what, test := range map[string]struct {
		spec  []byte
		alter func([]tarMember) []tarMember
		code  string
	}{
		"not there": {whole, func(members []tarMember) []tarMember {
			return slices.DeleteFunc(members, func(m tarMember) bool { return bytes.Equal(m.data, whole) })
		}, decode.MissingMetadata},
		"not listed":        {whole, unlisted, decode.MissingMetadata},
		"without keys":      {anyOf(t, specType, []byte(`{}`)), nil, decode.MissingField},
		"empty":             {nil, nil, decode.Malformed},
		"an empty message":  {anyOf(t, specType, nil), nil, decode.Malformed},
		"zeros":             {make([]byte, 100), nil, decode.Malformed},
		"no JSON":           {anyOf(t, specType, []byte("ociVersion")), nil, decode.Malformed},
		"JSON as it is: {}": {[]byte("{}"), nil, decode.MissingField},
	} {
		packed := taskImageOf(t, images, test.spec, nil)
		if test.alter != nil {
			packed = test.alter(packed)
		}
		result := decodeFile(t, writeFile(t, "a.tar", tarOf(t, packed)))
		if result.Archive.Status != decode.StatusPartial || len(result.Checkpoints) != 1 || !hasProblem(result, "", test.code) {
			t.Errorf("%s: status %s, %+v", what, result.Archive.Status, problemsOf(result))
		}
	}
}
