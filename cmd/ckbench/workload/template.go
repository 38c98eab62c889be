package workload

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"google.golang.org/protobuf/proto"
)

// template is an archive that clones are made of: where in it the things
// stand that differ between any two checkpoints.
type template struct {
	name        string // of the file
	compression string
	members     []member
	secrets     []identity
	patches     []patch
	pointers    []pointers // by member
}

// identity is a text by which a container, a pod or a moment is told from others.
type identity struct {
	text string
	kind identityKind
}

type identityKind int

const (
	hexID  identityKind = iota // ids of containers, sandboxes and layers; ids of pods
	name                       // of a container or pod
	moment                     // the start of a time in RFC 3339, up to the seconds
)

// patch is a place where an identity stands. prefix counts for ids, which are
// abbreviated to 12 digits in host names.
type patch struct {
	member, offset, length, identity int
}

// pointers are the offsets of words of a pages image that are addresses.
type pointers []int32

// The texts that tell identities, in metadata. What names an image is the same
// for many containers and stays.
var (
	idPattern     = regexp.MustCompile(`[0-9a-f]{64}|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\b[0-9a-f]{32}\b`)
	imagePattern  = regexp.MustCompile(`(?:sha256:|[iI]mage[A-Za-z]*\\*": ?\\*")([0-9a-f]{64})`)
	momentPattern = regexp.MustCompile(`\b20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9][:-][0-5][0-9][:-][0-5][0-9]`)
)

var metadata = map[string]bool{"config.dump": true, "spec.dump": true, "network.status": true, "bind.mounts": true, "status": true, "status.dump": true}

func newTemplate(file string) (*template, error) {
	members, compression, err := readArchive(file)
	if err != nil {
		return nil, err
	}
	t := &template{name: filepath.Base(file), compression: compression, members: members}
	t.findIdentities()
	for i := range members {
		m := &members[i]
		if isTar(m.header.Name) { // a change would break its checksums
			t.pointers = append(t.pointers, nil)
			continue
		}
		for n, id := range t.secrets {
			t.find(i, n, id.text)
			if id.kind == hexID && len(id.text) == 64 {
				t.find(i, n, id.text[:12])
			}
		}
		t.pointers = append(t.pointers, findPointers(m))
	}
	return t, nil
}

// isTar reports whether a member is a tar of files.
func isTar(name string) bool { return strings.Contains(path.Base(name), ".tar") }

// findIdentities looks into metadata for what to replace.
func (t *template) findIdentities() {
	var all []byte
	for _, m := range t.members {
		if metadata[m.header.Name] {
			all = append(append(all, m.data...), '\n')
		}
	}
	all = append(all, t.name...)
	seen := map[string]bool{}
	for _, m := range imagePattern.FindAllSubmatch(all, -1) {
		seen[string(m[1])] = true
	}
	add := func(text string, kind identityKind) {
		if !seen[text] {
			seen[text] = true
			t.secrets = append(t.secrets, identity{text, kind})
		}
	}
	for _, id := range idPattern.FindAll(all, -1) {
		add(string(id), hexID)
	}
	for _, at := range momentPattern.FindAll(all, -1) {
		add(string(at), moment)
	}
	var config struct{ Name string }
	var spec struct{ Annotations map[string]string }
	_ = json.Unmarshal(t.data("config.dump"), &config) // testdata: what is no JSON has no name
	_ = json.Unmarshal(t.data("spec.dump"), &spec)
	names := []string{spec.Annotations["io.kubernetes.pod.name"], spec.Annotations["io.kubernetes.cri.sandbox-name"]}
	if !strings.Contains(config.Name, "_") { // else it is made of the pod's, and its id
		names = append(names, config.Name)
	}
	for _, n := range names {
		if len(n) > 5 { // a short one may stand anywhere
			add(n, name)
		}
	}
}

func (t *template) data(name string) []byte {
	for _, m := range t.members {
		if m.header.Name == name {
			return m.data
		}
	}
	return nil
}

// find notes where a text stands in a member.
func (t *template) find(i, identity int, text string) {
	data := t.members[i].data
	for from := 0; ; {
		at := bytes.Index(data[from:], []byte(text))
		if at < 0 {
			return
		}
		t.patches = append(t.patches, patch{i, from + at, len(text), identity})
		from += at + len(text)
	}
}

// findPointers notes the words of a pages image that are addresses.
func findPointers(m *member) (found pointers) {
	if base := path.Base(m.header.Name); !strings.HasPrefix(base, "pages-") {
		return nil
	}
	for i := 0; i+8 <= len(m.data); i += 8 {
		if isPointer(binary.LittleEndian.Uint64(m.data[i:])) {
			found = append(found, int32(i))
		}
	}
	return found
}

// messages returns the messages of an image that has nothing else behind its
// head.
func messages(m *member) (head []byte, list [][]byte, err error) {
	const headSize = 8
	if len(m.data) < headSize {
		return nil, nil, fmt.Errorf("image %q is too short", m.header.Name)
	}
	head, rest := m.data[:headSize], m.data[headSize:]
	if path.Base(m.header.Name) == "inventory.img" { // one magic
		head, rest = m.data[:4], m.data[4:]
	}
	for len(rest) >= 4 {
		n := binary.LittleEndian.Uint32(rest)
		if uint64(n) > uint64(len(rest)-4) {
			return nil, nil, fmt.Errorf("image %q is cut short", m.header.Name)
		}
		list, rest = append(list, rest[4:4+n]), rest[4+n:]
	}
	return head, list, nil
}

// appendMessage appends a message as images hold it.
func appendMessage(image []byte, m proto.Message) ([]byte, error) {
	data, err := proto.MarshalOptions{AllowPartial: true, Deterministic: true}.Marshal(m)
	if err != nil {
		return nil, err
	}
	return append(binary.LittleEndian.AppendUint32(image, uint32(len(data))), data...), nil
}
