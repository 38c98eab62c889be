package decode

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/ckexport/ckexport/pipeline/archive"
	"github.com/ckexport/ckexport/pipeline/criu"
	"github.com/ckexport/ckexport/pipeline/layout"
	"github.com/ckexport/ckexport/pipeline/memory"
	"github.com/ckexport/ckexport/pipeline/scan"
	"github.com/ckexport/ckexport/schema"
)

// archiveReader reads one archive, and those within it: the layers of a
// container image, the containers of a pod.
type archiveReader struct {
	decoder  *Decoder
	ctx      context.Context // of the one call of Decode that the reader is made for
	input    archive.Input
	source   string // its name as a column has it, see SourceText
	taken    int64  // bytes of memory, see take
	tables   map[reflect.Type]*tableUse
	usedType reflect.Type // of used, the last one asked for
	used     *tableUse
	messages criu.Messages
	setCount int    // image sets, over all archives
	position uint32 // of the next member, over all archives
	// endedEarly says that an archive was not read to its end: what is missing may
	// have stood there.
	endedEarly bool

	containers  []*container // in the order their first member came
	last        *container   // of the last member
	bySite      map[site]*container
	seen        map[site]bool
	nested      map[string]int64           // members that were read as archives, with their sizes
	taskLayers  map[string]*container      // by member, see findTaskLayers
	streams     []*imageStream             // of images, that are read when all their shards were seen
	documents   map[string][]byte          // of container images: small members that are JSON, by path
	images      map[string]*containerImage // by layer; see imageOf
	created     map[string]*time.Time      // when images were made, by configuration; see imageCreated
	packedFacts map[packed]map[string]string
	sharedTexts map[string]*string    // see shared
	pods        map[string]*container // that have a pod's files, by path

	scan      *scan.Archive // nil without rules
	pages     memory.Reader
	consumers []func(*imageSet) memory.Consumer // see pageConsumers
	heirs     map[site][]*imageSet              // checkpoints that build on the one in a folder, see linkTo
}

// site is where a checkpoint stands: the archive within the archive, empty
// for the outer one, and the folder that images and metadata are packed under.
type site struct{ archive, folder string }

// path returns the site as one path.
func (p site) path() string { return path.Join(p.archive, p.folder) }

// maxLevels bounds how far up is looked for what stands around a checkpoint.
const maxLevels = 64

// around yields the paths of the folders and archives that a site lies in,
// from itself outwards.
func (p site) around(yield func(string) bool) {
	path := p.path()
	for range maxLevels {
		if !yield(path) || path == "" {
			return
		}
		path = folderOf(path)
	}
}

func newArchiveReader(ctx context.Context, d *Decoder, in archive.Input) *archiveReader {
	if d.plan == nil {
		d.plan = planFor(d.Tables, d.Memory, d.Rules != nil)
	}
	ar := &archiveReader{
		decoder: d, ctx: ctx, input: in, source: SourceText(in.Name()), tables: map[reflect.Type]*tableUse{}, messages: criu.Messages{Shapes: &d.shapes},
		bySite: map[site]*container{}, seen: map[site]bool{}, nested: map[string]int64{}, documents: map[string][]byte{}, pods: map[string]*container{}, taskLayers: map[string]*container{},
		consumers: d.plan.consumers, heirs: map[site][]*imageSet{},
	}
	if d.plan.tables["memory_matches"] {
		if d.scanner == nil {
			d.scanner = scan.NewScanner(d.Rules)
		}
		ar.scan = d.scanner.Archive(ar.take)
	}
	if d.ReadPages != nil {
		ar.consumers = append(slices.Clip(ar.consumers), (*imageSet).newPagesReader)
	}
	ar.pages.Take, ar.pages.Spend = ar.take, d.opener.Expanding
	return ar
}

// container returns the container of a site, a new one if need be.
func (ar *archiveReader) container(p site) *container {
	c := ar.bySite[p]
	if c == nil {
		ar.take(containerBytes + int64(len(p.folder)+len(p.archive)))
		c = &container{archiveReader: ar, site: p, sets: map[string]*imageSet{}, services: map[string]*image{}, metadata: map[string][]byte{}, folderBytes: map[string]uint64{}}
		c.notes = notes{of: ar, list: &c.problems}
		c.room = ar.decoder.Spare.Take()
		c.members = c.room.ArchiveMembers
		c.logLines, c.logPhases, c.outputLines = c.room.LogLines, c.room.LogPhases, c.room.ContainerLogLines
		ar.bySite[p] = c
		ar.containers = append(ar.containers, c)
	}
	return c
}

// outer is the container of what belongs to the archive as a whole.
func (ar *archiveReader) outer() *container { return ar.container(site{}) }

// allSets returns every image set that was seen.
func (ar *archiveReader) allSets() []*imageSet {
	var all []*imageSet
	for _, c := range ar.containers {
		for _, dir := range slices.Sorted(maps.Keys(c.sets)) {
			all = append(all, c.sets[dir])
		}
	}
	return all
}

// setIn returns the image set of a folder of an archive, nil if there is none.
func (ar *archiveReader) setIn(archive, dir string) *imageSet {
	if c := ar.bySite[site{archive, layout.Site(dir)}]; c != nil {
		return c.sets[dir]
	}
	return nil
}

// classify tells what a member is by its name; nested, in an archive within the
// archive. One whose name leads out of the archive is not what it says.
func classify(m *archive.Member, nested bool) layout.Member {
	if archive.LeavesArchive(m.RawName) {
		return layout.Member{Role: layout.Ordinary}
	}
	return classifyName(m, nested)
}

// classifyName tells what a member's cleaned name says that it is.
func classifyName(m *archive.Member, nested bool) layout.Member {
	e := layout.Entry{Name: m.Name, Type: layout.Other, Nested: nested}
	switch m.Type {
	case archive.File:
		e.Type = layout.File
	case archive.Symlink:
		e.Type = layout.Symlink
	}
	return layout.Classify(e)
}

// readMembers goes over the members of an archive once; name is that of the
// archive within the outer one.
func (ar *archiveReader) readMembers(a *archive.Archive, name string, depth int) error {
	for n := 0; ; n++ {
		m, err := a.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if errors.As(err, new(*archive.TrailingError)) {
			return err // it tells where the archive ends
		}
		if err != nil {
			return fmt.Errorf("behind member %d: %w", n, err)
		}
		next, err := ar.nextMember(m, name, depth)
		if err != nil {
			return err
		}
		ar.last.readMember(next)
	}
}

// nextMember begins a member of an archive; its container is ar.last.
func (ar *archiveReader) nextMember(m *archive.Member, name string, depth int) (*member, error) {
	limits := &ar.decoder.Limits
	if int(ar.position) >= limits.Members {
		return nil, &limitError{limits.members(), "the archive has more members"}
	}
	if !ar.take(memberBytes + 2*int64(len(m.Name)+len(m.RawName)+len(m.LinkTarget))) {
		return nil, &limitError{limits.memory(), "the archive takes more memory; the rest of it was not read"}
	}
	is := classify(m, depth > 0)
	ar.last = ar.container(site{name, is.Site})
	ar.position++
	return ar.last.newMember(m, is, depth, ar.position-1), nil
}

// readAgain goes over the archive a second time, for memory that stood in
// front of the images that say what it is. Engines write it behind them.
func (ar *archiveReader) readAgain(first *archive.Archive, ledger *schema.Archive) {
	a, err := ar.decoder.opener.Reopen(ar.ctx, first)
	if err != nil {
		ar.outer().problem(schema.Problem{Severity: Error, Code: Unreadable, Message: fmt.Sprintf("reading a second time: %v", err)})
		return
	}
	defer ar.closeArchive(a, ledger)
	ar.readMissed(a, "")
}

// readMissed goes over an archive in the second pass. What is wrong with it,
// the first pass told.
func (ar *archiveReader) readMissed(a *archive.Archive, name string) {
	for {
		m, err := a.Next()
		if err != nil {
			return
		}
		if m.Type != archive.File || m.BehindEnd {
			continue
		}
		inner := path.Join(name, m.Name)
		is := classify(m, name != "")
		_, isNested := ar.nested[inner]
		switch {
		case is.Role == layout.Pages:
			if s := ar.setIn(name, is.Dir); s != nil {
				s.readMissed(m, uint32(is.Number))
			}
		case is.Role == layout.ImageStream:
			if s := ar.setIn(name, is.Dir); s != nil && s.stream != nil && s.stream.isLone(m) {
				s.readStreamedPages(m)
			}
		case ar.taskLayers[inner] != nil:
			ar.taskLayers[inner].readTaskLayer(m)
		case isNested:
			at, _ := m.ReaderAt()
			if nested, err := ar.decoder.opener.Nested(m, at); err == nil {
				ar.readMissed(nested, inner)
				nested.Close() //nolint:errcheck // nothing is open but buffers
			}
		}
	}
}

// closeArchive closes the archive, once it is known that it stayed what it
// was, and adds up what was read.
func (ar *archiveReader) closeArchive(a *archive.Archive, ledger *schema.Archive) {
	sum, err := a.Finish()
	if err != nil {
		code := Unreadable
		if errors.Is(err, archive.ErrChanged) {
			code = Changed
		}
		ar.outer().problem(schema.Problem{Severity: Error, Code: code, Message: err.Error()})
	}
	if sum != "" {
		ledger.SHA256 = &sum
	}
	ledger.BytesRead += uint64(a.BytesRead())
	ledger.ExpandedBytes += uint64(a.ExpandedBytes())
	if err := a.Close(); err != nil {
		ar.outer().problem(schema.Problem{Severity: Warning, Code: Unreadable, Message: fmt.Sprintf("closing: %v", err)})
	}
}

// digestOnly fills in the digest of a file that is no archive.
func (ar *archiveReader) digestOnly(ledger *schema.Archive) {
	if !ar.decoder.SHA256 {
		return
	}
	sum, err := ar.decoder.opener.Digest(ar.ctx, ar.input)
	if err != nil {
		ar.outer().problem(schema.Problem{Severity: Error, Code: Unreadable, Message: fmt.Sprintf("reading it for its SHA-256: %v", err)})
		return
	}
	if sum != "" {
		ledger.SHA256 = &sum
	}
}

// decode decodes each checkpoint: of a container, the set in checkpoint is the
// main one. It closes the archive, once all wanted memory has been read.
func (ar *archiveReader) decode(a *archive.Archive, result *Result) {
	ar.readStreams()
	for _, s := range ar.allSets() {
		s.setEncryptedAside()
	}
	again := ar.findTaskLayers()
	again = ar.readLatePages() || again
	ar.closeArchive(a, &result.Archive)
	if again {
		ar.readAgain(a, &result.Archive)
	}
	found := ar.checkpoints()
	var sets []*imageSet
	for _, c := range found {
		sets = append(sets, c.sortedSets()...)
	}
	for _, s := range sets {
		s.decode()
	}
	for _, s := range sets {
		s.finish()
		rows := s.rows // a pointer to those in s would keep images and messages in memory
		result.Checkpoints = append(result.Checkpoints, &rows)
		result.Digests = append(result.Digests, s.checkpointDigest())
		result.Copies = append(result.Copies, s.copiesOf())
	}
}

// checkpoints returns the containers that hold a checkpoint, by site, after the
// others were added to them: what stands in a folder of its own belongs to the
// checkpoint above it, or to the first below it.
func (ar *archiveReader) checkpoints() []*container {
	var found, others []*container
	packed := map[string]bool{"": true} // archives that hold a checkpoint, or an archive that does
	for _, c := range ar.containers {
		if c.isCheckpoint() && !ar.isInTaskLayer(c.site) {
			found = append(found, c)
			for path := range (site{archive: c.site.archive}).around {
				_, isArchive := ar.nested[path]
				packed[path] = packed[path] || isArchive
			}
		} else {
			others = append(others, c)
		}
	}
	if len(found) == 0 {
		return nil
	}
	slices.SortFunc(found, func(a, b *container) int { return strings.Compare(a.site.path(), b.site.path()) })
	byPath := map[string]*container{}
	for _, f := range found {
		byPath[f.site.path()] = f
	}
	for _, c := range others {
		if !packed[c.site.archive] { // an ordinary layer, or some other archive: it matters only that it could not be read
			owner := found[0]
			if task := ar.taskLayers[c.site.archive]; task != nil {
				owner = task
			}
			owner.merge(&c.notes, func(p schema.Problem) bool { return isError(p) && p.Code != DuplicateMember })
			continue
		}
		owner := firstBelow(found, c.site.path())
		for path := range c.site.around {
			if f := byPath[path]; f != nil {
				owner = f
				owner.digests = append(owner.digests, c.digests...)
				break
			}
		}
		owner.add(c)
	}
	return found
}

// firstBelow returns the first of the checkpoints, which are in the order of
// their paths, that lies below a path: the image or pod that is packed there. If
// none does, it is the first of all.
func firstBelow(found []*container, path string) *container {
	if path == "" {
		return found[0]
	}
	i, _ := slices.BinarySearchFunc(found, path+"/", func(c *container, below string) int { return strings.Compare(c.site.path(), below) })
	if i < len(found) && strings.HasPrefix(found[i].site.path(), path+"/") {
		return found[i]
	}
	return found[0]
}

// current returns the container of the last member, for what is wrong behind it.
func (ar *archiveReader) current() *container {
	if ar.last == nil {
		return ar.outer()
	}
	return ar.last
}
