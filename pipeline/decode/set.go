package decode

import (
	"encoding/binary"
	"errors"
	"io"
	"maps"
	"path"
	"slices"
	"time"

	core "github.com/checkpoint-restore/go-criu/v8/crit/images/criu-core"
	fsimg "github.com/checkpoint-restore/go-criu/v8/crit/images/fs"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/inventory"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/mm"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/netdev"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/pstree"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/seccomp"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/userns"
	"google.golang.org/protobuf/proto"

	"github.com/ckexport/ckexport/pipeline/criu"
	"github.com/ckexport/ckexport/pipeline/memory"
	"github.com/ckexport/ckexport/schema"
)

// image is one CRIU image kept in memory.
type image struct {
	kind      criu.Kind
	number    uint64
	name      string // base name
	member    string // name in the archive
	data      []byte
	truncated bool

	row     int // position among the archive's members, or noRow
	status  string
	layout  criu.Layout
	magic   uint32
	entries *uint64
	decoded bool
}

// noRow is the position of a member that has no row.
const noRow = -1

// set is one CRIU image set: a folder of images, and what is decoded of it.
type set struct {
	*reading
	notes
	dir  string
	main bool // the facts of the container go to its rows
	rows schema.Rows

	images      map[string]*image // by base name
	ghosts      map[uint32]*savedGhost
	memory      *memory.Checkpoint // see memoryOf
	texts       *memory.Texts
	newPagemaps []*image // see decodeNewPagemaps
	parentLink  *string
	parent      *set // the checkpoint that this one builds on, if the archive has it
	dumpedAt    *time.Time
	pagesBytes  uint64

	// what several tables need; filled by decode
	inventory *inventory.InventoryEntry
	byteOrder *string
	tree      []*pstree.PstreeEntry
	treeCut   bool            // the tree is not whole: --max-processes
	alive     map[uint32]bool // pids in the tree
	cores     map[uint32]*core.CoreEntry
	ids       map[uint32]*core.TaskKobjIdsEntry
	spaces    map[uint32]*mm.MmEntry
	// see mappingAt; made once spaces are complete
	mappingsOf map[uint32]memory.Mappings
	folders    map[uint32]*fsimg.FsEntry
	filters    *seccomp.SeccompEntry
	idMaps     map[uint32]*userns.UsernsEntry // by user namespace
	pageSize   uint32
	files      fileTable
	mounts     mountTable
	container  container
	packaging  packaging

	networks     map[uint32]*netdev.NetnsEntry // by namespace
	sysctlsNoted map[string]bool               // lists a problem tells of
	segments     []segment                     // SysV memory
}

// set returns the image set of a folder, a new one if need be.
func (r *reading) set(dir string) *set {
	s := r.sets[dir]
	if s == nil {
		r.setCount++
		r.take(setBytes)
		s = &set{
			reading: r, dir: dir, images: map[string]*image{}, ghosts: map[uint32]*savedGhost{},
		}
		s.notes = notes{of: r.walk, list: &s.rows.Problems}
		s.memory = s.newMemory()
		r.sets[dir] = s
	}
	return s
}

func (s *set) hasImages() bool { return len(s.images)+len(s.ghosts) > 0 || s.memory.HasPages() }

func (s *set) isMain() bool { return path.Base(s.dir) != "pre-checkpoint" }

// base returns the folder that the metadata stands in.
func (s *set) base() string { return baseOf(s.dir) }

// metadataFile returns a metadata member of the checkpoint, nil if there is
// none.
func (s *set) metadataFile(name string) []byte {
	for _, dir := range []string{s.base(), s.dir} {
		if data, ok := s.metadata[path.Join(dir, name)]; ok {
			return data
		}
	}
	return nil
}

// decode decodes everything the set holds, a family of tables after the other.
func (s *set) decode() {
	for _, family := range []func(){
		s.decodeBasics, s.decodeFiles, s.decodeMounts, s.decodeProcesses, s.decodeThreads, s.decodeRegisters, s.decodeSignals,
		s.decodeAddressSpaces, s.decodeSeccomp, s.decodeApparmor, s.decodeCPUInfo, s.decodeIDMappings, s.decodeNamespaces, s.decodeNetwork,
		s.decodeCgroups, s.decodeMappings, s.decodeIPC, s.decodeSharedMemory, s.decodeDescriptors, s.decodeGhosts, s.decodeLocks,
		s.decodeWatches, s.decodeIrmap, s.decodePipes, s.decodeTTYs, s.decodeBPFMaps, s.decodeSockets, s.decodeAutomounts, s.decodeGPUs,
		s.decodeContainer, s.decodeOthers, s.decodeCheckpoint,
	} {
		if s.ctx.Err() != nil {
			return
		}
		s.guard("", family)
	}
}

// finish hands the archive's own rows to the main checkpoint and settles the
// identity.
func (s *set) finish() {
	for _, images := range []map[string]*image{s.images, s.services} {
		for _, img := range images {
			if img.row == noRow {
				continue
			}
			m := &s.members[img.row]
			m.DecodeStatus = img.status
			m.EntryCount = img.entries
			if img.layout != "" {
				m.Layout = ptr(string(img.layout))
			}
			if img.magic != 0 {
				m.Magic = ptr(img.magic)
			}
		}
	}
	if s.main {
		s.placeCaptures()
	}
	s.rows.CheckpointID = s.identity()
	if !s.main {
		s.close()
		for _, m := range s.members {
			if m.ImageDir != nil && *m.ImageDir == plain(s.dir) {
				s.rows.ArchiveMembers = append(s.rows.ArchiveMembers, m)
			}
		}
		return
	}
	for _, l := range s.limits { // one row for each limit
		s.reading.pass(l)
	}
	s.limits = nil
	s.close()
	s.reading.close()
	s.rows.ArchiveMembers = s.members
	s.rows.FilesystemEntries = append(s.filesystem, s.rows.FilesystemEntries...)
	s.rows.LogLines = s.logLines
	s.rows.ContainerLogLines = s.outputLines
	s.rows.Problems = append(s.problems, s.rows.Problems...)
}

// decodeBasics decodes the images that most tables need.
func (s *set) decodeBasics() {
	s.readInventory()
	if img := s.images["inventory.img"]; img != nil {
		if r, err := criu.NewReader(img.kind, img.data, false); err == nil {
			order := "little"
			if r.Order.String() == "BigEndian" {
				order = "big"
			}
			s.byteOrder = &order
		}
	}
	s.alive = map[uint32]bool{}
	each(s, s.images["pstree.img"], func(_ *entry, p *pstree.PstreeEntry) {
		if s.alive[p.GetPid()] {
			s.rowProblem("processes", pidKey(p.GetPid()), Error, DuplicateObject, "the pid occurs twice in pstree.img; only the first was decoded")
			return
		}
		if limits := &s.decoder.Limits; len(s.tree) >= limits.Processes {
			s.treeCut = true
			s.passedBy(limits.processes(), s.images["pstree.img"].member, "the checkpoint has more processes; they are left out")
			return
		}
		s.alive[p.GetPid()] = true
		s.tree = append(s.tree, p)
	})
	s.cores = byNumber[core.CoreEntry](s, "CORE")
	s.ids = byNumber[core.TaskKobjIdsEntry](s, "IDS")
	s.folders = byNumber[fsimg.FsEntry](s, "FS")
	s.filters = one[seccomp.SeccompEntry](s, "seccomp.img")
	s.idMaps = byNumber[userns.UsernsEntry](s, "USERNS")
	s.spaces = map[uint32]*mm.MmEntry{}
	for _, img := range s.ofKind("MM") {
		if m := s.memoryOf(uint32(img.number)); m.Descriptor() != nil && s.inTree(uint32(img.number)) {
			s.spaces[uint32(img.number)] = m.Descriptor()
		}
	}
	s.adoptOldTasks()
	s.staleImages()
	s.choosePageSize()
}

// order returns the byte order of the dumped host.
func (s *set) order() binary.ByteOrder {
	if s.byteOrder != nil && *s.byteOrder == "big" {
		return binary.BigEndian
	}
	return binary.LittleEndian
}

// inTree reports whether a pid is in the process tree. A pre-dump has none:
// then every pid is.
func (s *set) inTree(pid uint32) bool { return len(s.tree) == 0 || s.alive[pid] }

// staleImages notes images of processes that are not in the tree: an engine
// that uses a folder again leaves those of the checkpoint before behind.
func (s *set) staleImages() {
	if s.treeCut {
		return // they may be those of processes that were left out
	}
	for _, name := range slices.Sorted(maps.Keys(s.images)) {
		if img := s.images[name]; img.kind.Number == criu.PID && !s.inTree(uint32(img.number)) {
			s.reading.memberProblem(img.member, Info, StaleImage, "no process of the checkpoint has its pid: left over from an earlier one")
		}
	}
}

// ofKind returns the images of a kind, by number.
func (s *set) ofKind(kind string) []*image {
	var found []*image
	for _, img := range s.images {
		if img.kind.Name == kind {
			found = append(found, img)
		}
	}
	slices.SortFunc(found, func(a, b *image) int {
		if a.number < b.number {
			return -1
		}
		return 1
	})
	return found
}

// entry says where a message stands.
type entry struct {
	index  int
	offset uint64
	reader *criu.Reader
}

// messageOf is a pointer to a message struct.
type messageOf[T any] interface {
	*T
	proto.Message
}

// each calls f for every entry of an image that may be nil, and notes what is
// wrong with the image. Payload behind an entry is taken from entry.reader.
func each[T any, P messageOf[T]](s *set, img *image, f func(*entry, P)) {
	if img == nil {
		return
	}
	img.decoded = true
	if !s.guard(img.member, func() { eachEntry(s, img, f) }) {
		img.status = Internal
	}
}

func eachEntry[T any, P messageOf[T]](s *set, img *image, f func(*entry, P)) {
	r, err := criu.NewReader(img.kind, img.data, img.truncated)
	img.layout, img.magic = r.Layout, r.Magic
	if err != nil {
		s.imageProblem(img, err)
		return
	}
	defer func() { img.entries = ptr(uint64(r.Entries)) }()
	for s.ctx.Err() == nil {
		e := &entry{index: r.Entries, offset: r.Offset(), reader: r}
		data, err := r.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			s.imageProblem(img, err)
			return
		}
		m := P(new(T))
		cost, decoded := s.messages.Decode(data, m, s.decoder.Limits.MemoryBytes-s.taken)
		hasUnknown := false
		if !decoded {
			m = P(new(T))
			cost, hasUnknown = s.decoder.shapes.Cost(m.ProtoReflect().Descriptor(), data)
		}
		if !s.afford(img, cost) {
			return
		}
		if !decoded {
			err = criu.Unmarshal(data, m)
		}
		switch {
		case errors.Is(err, criu.ErrMissingField):
			s.imageProblem(img, &criu.ImageError{Code: MissingField, Entry: e.index, Offset: e.offset, Err: err})
			img.status = "ok"
		case err != nil:
			s.imageProblem(img, &criu.ImageError{Code: Malformed, Entry: e.index, Offset: e.offset, Err: err})
			return // what follows may be found, but not trusted
		}
		s.keepEntry(img, e, m, data, hasUnknown)
		f(e, m)
	}
}

// afford takes the memory that a message will take, and the entry with it, and
// notes where the archive has no more: the rest of the image is not decoded.
func (s *set) afford(img *image, message int64) bool {
	const entryBytes = 128 // what a decoder keeps beside the message
	if s.take(entryBytes + message) {
		return true
	}
	s.passedBy(s.decoder.Limits.memory(), img.member, "the archive takes more memory; the rest of the image was not decoded")
	img.status = limitStatus
	return false
}

// one returns the only entry of an image, nil if there is none.
func one[T any, P messageOf[T]](s *set, name string) P { return oneOf[T, P](s, s.images[name]) }

func oneOf[T any, P messageOf[T]](s *set, img *image) P {
	var first P
	each(s, img, func(_ *entry, m P) {
		if first == nil {
			first = m
		}
	})
	return first
}

// byNumber decodes the images of a kind that have one entry, by the number in
// their names.
func byNumber[T any, P messageOf[T]](s *set, kind string) map[uint32]P {
	found := map[uint32]P{}
	for _, img := range s.ofKind(kind) {
		if m := oneOf[T, P](s, img); m != nil {
			found[uint32(img.number)] = m
		}
	}
	return found
}

// keepEntry notes the fields of a message that are not known, and with --raw
// the whole message.
func (s *set) keepEntry(img *image, e *entry, m proto.Message, data []byte, hasUnknown bool) {
	if hasUnknown {
		s.unknownFields(img, e.index, m, data)
	}
	if s.decoder.Raw {
		s.keepMessage(img.member, uint32(e.index), e.offset, uint64(len(data)), m)
	}
}

// keepMessage fills image_entries.
func (s *set) keepMessage(member string, index uint32, offset, size uint64, m proto.Message) {
	const growth = 8 // JSON takes six bytes for some, and grows while it is made
	if isFull(&s.notes, &s.rows.ImageEntries) {
		return
	}
	if int64(size) > (s.decoder.Limits.MemoryBytes-s.taken)/growth {
		s.passedIn(s.decoder.Limits.memory(), "image_entries", "the archive takes more memory; messages are left out")
		return
	}
	message := m.ProtoReflect()
	add(&s.notes, &s.rows.ImageEntries, schema.ImageEntry{
		Member: plain(member), EntryIndex: index, Offset: offset, SizeBytes: size,
		Message: string(message.Descriptor().Name()), EntryJSON: string(criu.AppendJSON(nil, message)),
	})
}

// unknownFields notes the fields of an entry that its message does not have.
func (s *set) unknownFields(img *image, index int, m proto.Message, data []byte) {
	s.decoder.shapes.Find(m.ProtoReflect().Descriptor(), data, func(u criu.Unknown) bool {
		return !isFull(&s.notes, &s.rows.UnknownFields) && add(&s.notes, &s.rows.UnknownFields, schema.UnknownField{
			Member: plain(img.member), EntryIndex: uint32(index), Path: u.Path, Position: u.Position, FieldNumber: u.Number,
			WireType: u.WireType, NumberValue: u.Value, BytesValue: u.Bytes,
		})
	})
}

// decodeOthers goes over the images that no table is made of: their framing is
// checked, and their entries are counted. There are none now; a test tells when
// a kind is added without a decoder.
func (s *set) decodeOthers() {
	for _, name := range slices.Sorted(maps.Keys(s.images)) {
		img := s.images[name]
		if img.decoded {
			continue
		}
		img.status = "no_table"
		if img.kind.Raw {
			continue
		}
		r, err := criu.NewReader(img.kind, img.data, img.truncated)
		img.layout, img.magic = r.Layout, r.Magic
		for err == nil {
			_, err = r.Next()
			img.entries = ptr(uint64(r.Entries))
		}
		if err != nil && !errors.Is(err, io.EOF) {
			s.imageProblem(img, err)
		}
	}
}
