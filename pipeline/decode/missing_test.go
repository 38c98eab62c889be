package decode_test

import (
	"archive/tar"
	"bytes"
	"context"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ckexport/ckexport/pipeline/archive"
	"github.com/ckexport/ckexport/pipeline/decode"
	"github.com/ckexport/ckexport/schema"
)

// memoryInput is an archive in memory.
type memoryInput []byte

func (memoryInput) Name() string { return "a.tar" }

func (m memoryInput) Open(context.Context) (archive.Content, error) {
	return memoryContent{bytes.NewReader(m)}, nil
}

type memoryContent struct{ *bytes.Reader }

func (c memoryContent) Version() (archive.Version, error) {
	return archive.Version{Size: c.Size(), ModTime: time.Unix(1, 0)}, nil
}

func (memoryContent) Close() error { return nil }

func decodeMembers(t *testing.T, decoder *decode.Decoder, members []tarMember) *decode.Result {
	t.Helper()
	result, err := decoder.Decode(t.Context(), memoryInput(tarOf(t, members)))
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// damages are the ways in which a member is lost but for its name.
var damages = map[string]func([]byte) []byte{
	"emptied": func([]byte) []byte { return nil },
	"cut":     func(data []byte) []byte { return data[:min(8, len(data))] }, // an image keeps its magic
	"halved":  func(data []byte) []byte { return data[:len(data)/2] },
	"braces":  func([]byte) []byte { return []byte("{}") },
	"zeros":   func(data []byte) []byte { return make([]byte, len(data)) },
}

// unnoticed lists what may be done to members without a problem, and why nothing
// tells of it.
var unnoticed = map[string]string{
	"pages zeros":     "zeros are memory like any other, and no image has a checksum of it",
	"fdinfo cut":      "a process may have closed all its descriptors; the files it had are other processes' too",
	"seccomp removed": "no thread has a filter",

	"pipes-data removed": "CRIU writes it if a pipe holds something, and no image says which does",
	"fifo-data removed":  "the same of FIFOs",
	"sk-queues removed":  "the same of sockets",
	"tty-data removed":   "the same of terminals",
	"ipcns-msg removed":  "CRIU writes it if there are queues, and nothing names them",
	"ipcns-sem removed":  "the same of semaphores",

	"rootfs-diff.tar removed":  "Podman and CRI-O pack it if the container changed files; Podman may be told not to",
	"bind.mounts removed":      "CRI-O packs it if the pod has volumes",
	"network.status braces":    "null and {} both say that the container has no network of Podman's",
	"descriptors.json removed": "runc's note on descriptors 0 to 2, which files.img tells of",
	"container log removed":    "CRI-O and containerd pack the log if there is one",
	"container log emptied":    "the container may have written nothing",
	"container log halved":     "it may be within a line",
}

// memberKind names a member without its number.
func memberKind(name string) string {
	base := path.Base(name)
	if stem, isImage := strings.CutSuffix(base, ".img"); isImage {
		if i := strings.LastIndexByte(stem, '-'); i > 0 && strings.Trim(stem[i+1:], "0123456789abcdef") == "" {
			stem = stem[:i]
		}
		return stem
	}
	switch base {
	case "ctr.log", "container.log", "io.kubernetes.cri-o.LogPath":
		return "container log"
	}
	return base
}

// TestMissingMembers removes each member of real archives, one at a time, and
// damages it: the archive is never taken for whole, unless nothing can tell.
func TestMissingMembers(t *testing.T) {
	used := map[string]bool{}
	for _, name := range []string{
		"everything.tar.zst", "tcp-established.tar.zst", "bridge-net.tar.gz", "sleep-pre.tar.zst",
		"checkpoint-web-7d4b9c6f5-x2x9q_shop-app-2026-11-23T14-34-49Z.tar", "checkpoint-evil_prod-c-2026-11-23T14-35-45Z.tar",
	} {
		members := readTar(t, own(name))
		decoder := &decode.Decoder{Limits: decode.DefaultLimits()}
		judge := func(m tarMember, how string, variant []tarMember) {
			result := decodeMembers(t, decoder, variant)
			noFault(t, m.header.Name+" "+how, result)
			if result.Archive.Status != decode.StatusOK {
				return
			}
			key := memberKind(m.header.Name) + " " + how
			if used[key] = unnoticed[key] != ""; !used[key] {
				t.Errorf("%s: %s %s, and the archive is ok", name, m.header.Name, how)
			}
		}
		for i, m := range members {
			if m.header.Typeflag != tar.TypeReg {
				continue
			}
			judge(m, "removed", slices.Delete(slices.Clone(members), i, i+1))
			for _, how := range slices.Sorted(maps.Keys(damages)) {
				variant := slices.Clone(members)
				if variant[i].data = damages[how](m.data); !bytes.Equal(variant[i].data, m.data) {
					judge(m, how, variant)
				}
			}
		}
	}
	for key := range unnoticed {
		if !used[key] {
			t.Errorf("%s: not ok, or no archive has such a member", key)
		}
	}
}

// TestMissingIsToldOnce: what is gone is missing and nothing else, what is there
// and cannot be read is not missing, and an empty object lacks each key by name.
func TestMissingIsToldOnce(t *testing.T) {
	const name = "checkpoint-evil_prod-c-2026-11-23T14-35-45Z.tar"
	decoder := &decode.Decoder{Limits: decode.DefaultLimits()}
	for _, c := range []struct {
		member string
		data   []byte
		code   string
		most   int
	}{
		{"pstree.img", nil, decode.MissingImage, 1},
		{"core-1.img", nil, decode.MissingImage, 1},
		{"pages-1.img", nil, decode.MissingImage, 1},
		{"spec.dump", nil, decode.MissingMetadata, 1},
		{"dump.log", nil, decode.MissingMetadata, 1},
		{"inventory.img", []byte("\x16\x31\x31\x58\x04\x00\x00\x00\xff\xff\xff\xff"), decode.Malformed, 1},
		{"mm-1.img", []byte("\x19\x43\x56\x54"), decode.Truncated, 1},
		{"config.dump", []byte("{"), decode.Malformed, 1},
		{"config.dump", []byte("{}"), decode.MissingField, 4},
	} {
		members := readTar(t, own(name))
		i := indexOf(t, members, c.member)
		if c.data == nil {
			members = slices.Delete(members, i, i+1)
		} else {
			members[i].data = c.data
		}
		var told []schema.Problem
		for _, p := range problemsOf(decodeMembers(t, decoder, members)) {
			if p.Severity == decode.Error {
				told = append(told, p)
			}
		}
		if len(told) != c.most || slices.ContainsFunc(told, func(p schema.Problem) bool { return p.Code != c.code || path.Base(exact(p.Member)) != c.member }) {
			t.Errorf("%s: %+v, want %d of %s", c.member, told, c.most, c.code)
		}
	}
}

// TestMissingOfTables: a run for some tables judges what it decodes.
func TestMissingOfTables(t *testing.T) {
	for _, c := range []struct {
		missing, table string
		status         schema.Status
	}{
		{"pstree.img", "processes", decode.StatusPartial},
		{"core-1.img", "memory_mappings", decode.StatusPartial},
		{"files.img", "files", decode.StatusPartial},
		{"mountpoints-13.img", "mounts", decode.StatusOK}, // no process is looked at
		{"mountpoints-13.img", "namespaces", decode.StatusPartial},
		{"spec.dump", "container_specs", decode.StatusPartial},
		{"config.dump", "processes", decode.StatusOK},
	} {
		members := readTar(t, own("odd-env-argv.tar"))
		i := indexOf(t, members, c.missing)
		others := func(table *schema.Table) bool { return table.Name != c.table }
		decoder := &decode.Decoder{Limits: decode.DefaultLimits(), Tables: slices.DeleteFunc(slices.Clone(schema.Tables()), others)}
		if got := decodeMembers(t, decoder, slices.Delete(members, i, i+1)).Archive.Status; got != c.status {
			t.Errorf("%s without %s is %s, want %s", c.table, c.missing, got, c.status)
		}
	}
}
