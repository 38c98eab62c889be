package decode

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"path"
	"strings"

	"github.com/ckexport/ckexport/pipeline/archive"
	"github.com/ckexport/ckexport/pipeline/criu"
	"github.com/ckexport/ckexport/schema"
)

// reading is the state of reading what belongs to one container: its image
// sets, and the metadata and captures beside them.
type reading struct {
	*walk
	notes
	site site

	sets     map[string]*set   // by folder
	services map[string]*image // images that may stand beside the folder
	metadata map[string][]byte // small members that are no images, by name
	problems []schema.Problem

	members     []schema.ArchiveMember
	keptImage   *image // of the member at hand
	digests     []digest
	filesystem  []schema.FilesystemEntry
	logLines    []schema.LogLine
	outputLines []schema.ContainerLogLine

	captures        []capture
	facts           criuFacts
	rootfsDiffBytes *uint64
	podFiles        *podFiles // see readPodFiles
}

// metadataFiles are the members beside the image folder that are kept whole.
// Source: checkpointctl lib/metadata.go and the engines.
var metadataFiles = map[string]bool{
	"config.dump": true, "spec.dump": true, "network.status": true, "deleted.files": true, "bind.mounts": true,
	"status": true, "status.dump": true, "pod.options": true, "pod.dump": true, "descriptors.json": true,
}

// containerLogs are the names of the container's own log, by engine.
var containerLogs = map[string]bool{"ctr.log": true, "container.log": true, "io.kubernetes.cri-o.LogPath": true}

// Statuses of a member: its name occurred before; a limit kept it from being
// decoded whole.
const (
	duplicateStatus = "duplicate"
	limitStatus     = "limit"
)

// member takes in one member of an archive that is so deep within others.
func (r *reading) member(m *archive.Member, position uint32, depth int) {
	row := schema.ArchiveMember{
		Path: text(m.Name), Position: position, Type: string(m.Type), SizeBytes: uint64(m.Size), Mode: m.Mode,
		UID: uint32(m.UID), GID: uint32(m.GID), ModifiedAt: when(m.ModTime), LinkTarget: nonEmptyText(m.LinkTarget),
		Kind: "unknown", DecodeStatus: "not_read",
	}
	if m.Offset >= 0 {
		row.Offset = ptr(uint64(m.Offset))
	}
	row.ContainerMember = nonEmpty(r.site.archive)
	r.keptImage = nil
	depthBefore := r.decoder.opener.Depth()
	if !r.guard(m.Name, func() { r.content(m, depth, &row) }) {
		row.DecodeStatus = Internal
		r.decoder.opener.Leave(depthBefore)
	}
	if !add(&r.notes, &r.members, row) && r.keptImage != nil {
		r.keptImage.row = noRow
	}
}

// content takes in what a member holds.
func (r *reading) content(m *archive.Member, depth int, row *schema.ArchiveMember) {
	dir, base := path.Split(m.Name)
	dir = strings.TrimSuffix(dir, "/")
	if m.Type != archive.File {
		row.Kind = string(m.Type)
		if m.Type == archive.Symlink && base == "parent" {
			if s := r.newSet(m, dir, row); s != nil {
				s.linkTo(&m.LinkTarget)
			}
		}
		return
	}
	if r.isDuplicate(m.Name) {
		r.memberProblem(m.Name, Error, DuplicateMember, "the name occurs again in the archive; only the first member was decoded")
		row.DecodeStatus = duplicateStatus
		return
	}
	if kind, number, ok := criu.KindOf(base); ok {
		row.Kind = kind.Name
		if kind.Name == "STATS" || kind.Name == "IRMAP_CACHE" { // these may stand beside the folder
			r.keepImage(m, kind, number, r.services, row)
			return
		}
		if s := r.newSet(m, dir, row); s != nil {
			r.image(m, kind, number, s, row)
		}
		return
	}
	switch {
	case metadataFiles[base]:
		row.Kind = base
		if data, ok := r.keep(m, row); ok {
			r.metadata[m.Name] = data
		}
	case base == "dump.log" || base == "restore.log":
		row.Kind = base
		r.stream(m, row, true, func(in io.Reader) error { return r.readCRIULog(base, in) })
	case containerLogs[base]:
		row.Kind = "container_log"
		r.stream(m, row, true, func(in io.Reader) error { return r.readContainerLog(m.Name, in) })
	case base == "rootfs-diff.tar":
		row.Kind = base
		r.rootfsDiffBytes = ptr(uint64(m.Size))
		r.stream(m, row, false, func(in io.Reader) error {
			return r.readFilesystem(capture{origin: "rootfs_diff", member: m.Name, root: "/"}, in)
		})
	case base == "devshm-checkpoint.tar":
		row.Kind = base
		r.stream(m, row, false, func(in io.Reader) error {
			return r.readFilesystem(capture{origin: "devshm", member: m.Name, root: "/dev/shm"}, in)
		})
	case strings.HasSuffix(base, ".tar") && path.Base(dir) == "volumes":
		row.Kind = "volume"
		volume := strings.TrimSuffix(base, ".tar")
		r.stream(m, row, false, func(in io.Reader) error {
			return r.readFilesystem(capture{origin: "volume", member: m.Name, volume: volume}, in)
		})
	case path.Base(dir) == "artifacts" || strings.Contains("/"+dir+"/", "/artifacts/"):
		row.Kind = "artifact"
		r.stream(m, row, false, func(in io.Reader) error { return r.readArtifact(m, in) })
	case strings.HasSuffix(base, ".img"):
		row.DecodeStatus = "unknown"
		r.memberProblem(m.Name, Warning, UnknownImage, "no kind of CRIU image has such a name")
	case depth == 0 && r.isDocument(m):
		row.Kind = "image_json"
		if data, ok := r.keep(m, row); ok {
			r.documents[m.Name] = data
			r.checkDigest(m.Name, row.SHA256)
		}
	case r.mayNest(m, depth):
		r.nest(m, depth, row)
	}
}

func (r *reading) isDuplicate(name string) bool {
	key := site{r.site.archive, name}
	if r.seen[key] {
		return true
	}
	r.seen[key] = true
	return false
}

// newSet returns the image set that a member belongs to; nil where the archive
// has more sets than it may have.
func (r *reading) newSet(m *archive.Member, dir string, row *schema.ArchiveMember) *set {
	row.ImageDir = ptr(plain(dir))
	limits := &r.decoder.Limits
	if r.sets[dir] == nil && r.setCount >= limits.Checkpoints {
		r.outer().passedBy(limits.checkpoints(), m.Name, "the archive has more checkpoints; they are left out")
		row.DecodeStatus = limitStatus
		return nil
	}
	return r.set(dir)
}

// image takes in a member of an image folder: small ones are kept, those that
// hold files or memory are read as a stream.
func (r *reading) image(m *archive.Member, kind criu.Kind, number uint64, s *set, row *schema.ArchiveMember) {
	switch kind.Name {
	case "PAGES":
		s.pagesBytes += uint64(m.Size)
		r.digests = append(r.digests, digest{name: m.Name, size: uint64(m.Size)})
		if err := s.readPages(m, uint32(number)); err != nil {
			r.streamProblem(m.Name, row, err)
		}
	case "AMDGPU_PAGES": // content of GPU buffers, as large as memory and of use to no table
		r.digests = append(r.digests, digest{name: m.Name, size: uint64(m.Size)})
	case "GHOST_FILE":
		r.stream(m, row, true, func(in io.Reader) error {
			return s.readGhost(m, uint32(number), in)
		})
	case "TMPFS", "TMPFS_MNT":
		c := capture{origin: "tmpfs", member: m.Name, set: s}
		if kind.Name == "TMPFS" {
			c.device = ptr(uint32(number))
		} else {
			c.mountID = ptr(uint32(number))
		}
		r.stream(m, row, true, func(in io.Reader) error { return r.readFilesystem(c, in) })
	default:
		r.keepImage(m, kind, number, s.images, row)
		switch kind.Name {
		case "INVENTORY":
			s.dumpedAt = when(m.ModTime)
		case "PAGEMAP", "SHMEM_PAGEMAP":
			if r.keptImage != nil {
				s.newPagemaps = append(s.newPagemaps, r.keptImage)
			}
		}
	}
}

// keepImage keeps an image in memory, to be decoded when all have been seen.
func (r *reading) keepImage(m *archive.Member, kind criu.Kind, number uint64, images map[string]*image, row *schema.ArchiveMember) {
	data, whole := r.keep(m, row)
	if data == nil {
		return
	}
	name := path.Base(m.Name)
	if images[name] != nil { // a service image in two folders: the one beside the images counts
		name = m.Name
	}
	r.keptImage = &image{kind: kind, number: number, name: name, member: m.Name, data: data, truncated: !whole, row: len(r.members), status: row.DecodeStatus}
	images[name] = r.keptImage
}

// keep reads a small member whole. ok is false where it was cut short; data
// then holds what there is.
func (r *reading) keep(m *archive.Member, row *schema.ArchiveMember) (data []byte, ok bool) {
	limits := &r.decoder.Limits
	tooLarge := m.Size > limits.MetadataBytes
	if tooLarge || !r.take(m.Size) { // its digest is still part of the checkpoint's identity
		if tooLarge {
			r.passedBy(limits.metadata(), m.Name, fmt.Sprintf("the member has %d bytes; it was not decoded", m.Size))
		} else {
			r.passedBy(limits.memory(), m.Name, "the archive takes more memory; the member was not decoded")
		}
		r.stream(m, row, true, func(io.Reader) error { return nil })
		row.DecodeStatus = limitStatus
		return nil, false
	}
	data, err := readAll(m, m.Size)
	sum := sha256.Sum256(data)
	row.SHA256 = ptr(hex.EncodeToString(sum[:]))
	row.DecodeStatus = "ok"
	r.digests = append(r.digests, digest{name: m.Name, size: uint64(len(data)), sha256: *row.SHA256})
	if err != nil {
		r.streamProblem(m.Name, row, err)
		return data, false
	}
	return data, true
}

// readAll reads size bytes without trusting the size: a large buffer grows
// with what there really is.
func readAll(in io.Reader, size int64) ([]byte, error) {
	const trusted = 1 << 20
	data := make([]byte, min(size, trusted))
	n, err := io.ReadFull(in, data)
	if err == nil && size > trusted { // so much is there: then the rest is worth its memory
		head := data
		data = make([]byte, size)
		copy(data, head)
		n, err = io.ReadFull(in, data[trusted:])
		n += trusted
	}
	if err == nil || size == 0 {
		return data[:n], nil
	}
	return data[:n], early(err)
}

// early makes an end before the expected size a truncation.
func early(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: %w", archive.ErrTruncated, io.ErrUnexpectedEOF)
	}
	return err
}

// stream passes a member to read and reads what that leaves over. With digest
// the content takes part in the checkpoint's identity.
func (r *reading) stream(m *archive.Member, row *schema.ArchiveMember, withDigest bool, read func(io.Reader) error) {
	var in io.Reader = m
	var sum hash.Hash
	if withDigest {
		sum = sha256.New()
		in = io.TeeReader(m, sum)
	}
	err := read(in)
	row.DecodeStatus = "ok"
	if withDigest {
		if _, restErr := io.Copy(io.Discard, in); err == nil && restErr != nil {
			err = restErr
		}
		row.SHA256 = ptr(hex.EncodeToString(sum.Sum(nil)))
		r.digests = append(r.digests, digest{name: m.Name, size: uint64(m.Size), sha256: *row.SHA256})
	}
	if err != nil {
		r.streamProblem(m.Name, row, err)
	}
}

// streamProblem notes why a member could not be read whole.
func (r *reading) streamProblem(name string, row *schema.ArchiveMember, err error) {
	if l, what, ok := r.decoder.Limits.passed(err); ok {
		r.passedBy(l, name, what)
		row.DecodeStatus = limitStatus
		return
	}
	p := schema.Problem{Member: text(name), Severity: Error, Code: readCode(err), Message: err.Error()}
	var ie *criu.ImageError
	if errors.As(err, &ie) {
		p.Code, p.Offset = ie.Code, &ie.Offset
	}
	row.DecodeStatus = p.Code
	r.problem(p)
}

// hasMetadata reports whether the archive has what only checkpoints have.
func (r *reading) hasMetadata() bool {
	for name := range r.metadata {
		if base := path.Base(name); base == "config.dump" || base == "spec.dump" {
			return true
		}
	}
	return false
}
