package decode_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/ckexport/ckexport/pipeline/decode"
	"github.com/ckexport/ckexport/schema"
)

// indexedLayoutOf makes an OCI image layout whose manifest lies behind index
// blobs: annotations are those of the index.json's entry, of each index, of the
// entry in it, of the manifest, and of the layer, from outside to inside.
func indexedLayoutOf(t testing.TB, layer []byte, levels ...object) []tarMember {
	t.Helper()
	members := []tarMember{member("blobs/sha256/"+digestOf(layer), layer)}
	last := len(levels) - 1
	descriptor := func(data []byte, annotations object) object {
		return object{"digest": "sha256:" + digestOf(data), "size": len(data), "annotations": annotations}
	}
	manifest := jsonMember(t, "", object{"schemaVersion": 2, "layers": []object{descriptor(layer, levels[last])}, "annotations": levels[last-1]}).data
	members = append(members, member("blobs/sha256/"+digestOf(manifest), manifest))
	listed := descriptor(manifest, levels[last-2])
	for i := last - 3; i > 0; i -= 2 {
		index := jsonMember(t, "", object{"schemaVersion": 2, "manifests": []object{listed}, "annotations": levels[i]}).data
		members = append(members, member("blobs/sha256/"+digestOf(index), index))
		listed = descriptor(index, levels[i-1])
	}
	return append(members, jsonMember(t, "index.json", object{"schemaVersion": 2, "manifests": []object{listed}}),
		jsonMember(t, "oci-layout", object{"imageLayoutVersion": "1.0.0"}))
}

// TestAnnotationsOfAllLevels: an image is described wherever an index leads to
// it; the nearest to the layer counts, and differences are told.
func TestAnnotationsOfAllLevels(t *testing.T) {
	const prefix = "org.criu.checkpoint."
	layer := gzipOf(t, tarOf(t, readTar(t, own("odd-env-argv.tar"))))
	packed := indexedLayoutOf(t, layer,
		object{"org.opencontainers.image.ref.name": "localhost/ck:1", prefix + "pod.name": "outermost"},
		object{prefix + "pod.name": "index"}, object{prefix + "pod.uid": "u", "org.opencontainers.image.ref.name": "inner"},
		object{prefix + "host.kernel": "index"}, object{prefix + "pod.namespace": "entry"},
		object{prefix + "host.kernel": "manifest"}, object{prefix + "runtime.version": "layer"})
	for variant, path := range map[string]string{
		"tar":             writeFile(t, "a.tar", tarOf(t, packed)),
		"folder":          unpack(t, packed),
		"tar in a tar":    writeFile(t, "a.tar", tarOf(t, []tarMember{member("image.oci.tar", tarOf(t, packed))})),
		"without ending":  writeFile(t, "a.tar.gz", gzipOf(t, tarOf(t, []tarMember{member("backup/image", gzipOf(t, tarOf(t, packed)))}))),
		"reversed in tar": writeFile(t, "a.tar", tarOf(t, []tarMember{member("image.oci.tar", tarOf(t, reversed(packed)))})),
	} {
		t.Run(variant, func(t *testing.T) {
			result := decodeFile(t, path)
			if result.Archive.Status != decode.StatusOK || len(result.Checkpoints) != 1 {
				t.Fatalf("status %s, %d checkpoints, %+v", result.Archive.Status, len(result.Checkpoints), problemsOf(result))
			}
			rows := result.Checkpoints[0]
			c := rows.Checkpoints[0]
			sameIdentity(t, rows, decodeFile(t, own("odd-env-argv.tar")).Checkpoints[0])
			equal(t, "facts", strings.Join([]string{deref(c.PodName), deref(c.PodUID), deref(c.PodNamespace), deref(c.KernelRelease), deref(c.RuntimeVersion)}, " "),
				"index u entry manifest layer")
			equal(t, "names", strings.Join(c.CheckpointImageNames, " "), "inner")
			var told []string
			for _, p := range rows.Problems {
				if p.Code == decode.Inconsistent {
					told = append(told, strings.Fields(p.Message)[2])
				}
			}
			slices.Sort(told)
			equal(t, "differences", strings.Join(told, " "), prefix+"host.kernel "+prefix+"pod.name")
			documents := 0
			for _, m := range rows.ArchiveMembers {
				if m.Kind == "image_json" {
					documents++
				}
			}
			equal(t, "documents", documents, 5)
		})
	}
}

// TestIndexesInACircle: indexes that list each other and themselves end.
func TestIndexesInACircle(t *testing.T) {
	members := layoutOf(t, hostAnnotations, gzipOf(t, tarOf(t, readTar(t, own("odd-env-argv.tar")))))
	i := slices.IndexFunc(members, func(m tarMember) bool { return strings.Contains(string(m.data), "host.kernel") })
	manifest := strings.TrimPrefix(members[i].header.Name, "blobs/sha256/")
	a, b := strings.Repeat("a", 64), strings.Repeat("b", 64)
	list := func(digests ...string) object {
		var list []object
		for range 40 {
			for _, d := range digests {
				list = append(list, object{"digest": "sha256:" + d, "annotations": object{"k": "v"}})
			}
		}
		return object{"manifests": list, "annotations": object{"k": "v"}}
	}
	members = append(members, jsonMember(t, "blobs/sha256/"+a, list(a, b, manifest)), jsonMember(t, "blobs/sha256/"+b, list(a, b, manifest)))
	result := decodeFile(t, writeFile(t, "a.tar", tarOf(t, members)))
	if len(result.Checkpoints) != 1 || !slices.ContainsFunc(result.Checkpoints[0].Annotations, func(a schema.Annotation) bool { return a.Key == "k" }) {
		t.Errorf("%+v", problemsOf(result))
	}
}
