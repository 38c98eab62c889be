package decode

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"time"

	"github.com/ckexport/ckexport/schema"
)

// capturedFile is a row of filesystem_entries until it is written. A row has 60 columns,
// of which most files have a few, and an archive may hold a million files.
type capturedFile struct {
	in       *captureColumns
	position uint32
	change   *string
	name     string // as it stands in the capture
	path     string
	hasPath  bool
	isOpaque bool

	// of what a tar has a header for
	kind           *string // nil for deletions
	mode, uid, gid uint32
	user, group    *string
	modified       time.Time
	link           string
	hasLink        bool

	// of regular files
	isFile             bool
	isSetuid, isSetgid bool
	isDigested         bool
	sum                [sha256.Size]byte // is there when all files of the capture were read
	size               uint64
	content            *schema.FileContent // nil where the content is not whole

	rare *schema.FilesystemEntry // has the columns that few files have; nil for none of them
}

// captureColumns are columns that the files of a capture have in common.
type captureColumns struct {
	origin string
	member schema.Text
	volume *string
}

func newCaptureColumns(origin, member, volume string) *captureColumns {
	return &captureColumns{origin, text(member), nonEmpty(volume)}
}

// rareColumns returns the row for columns that few files have.
func (f *capturedFile) rareColumns() *schema.FilesystemEntry {
	if f.rare == nil {
		f.rare = &schema.FilesystemEntry{}
	}
	return f.rare
}

// fill makes the row, which points to what the file holds. sum is its digest as text.
func (f *capturedFile) fill(row *schema.FilesystemEntry, sum *string) {
	if f.rare != nil {
		*row = *f.rare
	} else {
		*row = schema.FilesystemEntry{}
	}
	row.Origin, row.Member, row.VolumeName, row.Position = f.in.origin, f.in.member, f.in.volume, f.position
	row.Change, row.IsOpaque, row.MemberPath = f.change, f.isOpaque, textOf(&f.name)
	if f.hasPath {
		row.Path = textOf(&f.path)
	}
	if f.kind == nil {
		return
	}
	row.Type, row.Mode, row.UID, row.GID, row.UserName, row.GroupName = f.kind, &f.mode, &f.uid, &f.gid, f.user, f.group
	if isTime(f.modified) {
		row.ModifiedAt = &f.modified
	}
	if f.hasLink {
		row.LinkTarget = textOf(&f.link)
	}
	if !f.isFile {
		return
	}
	row.SizeBytes, row.IsSetuid, row.IsSetgid = &f.size, &f.isSetuid, &f.isSetgid
	if f.isDigested {
		row.SHA256 = sum
	}
	if f.content != nil {
		row.FileContent = *f.content
	}
}

// pathText returns the column path.
func (f *capturedFile) pathText() schema.Text {
	if !f.hasPath {
		return schema.Text{}
	}
	return textOf(&f.path)
}

// appendDigested appends what a tar has of a file, fields one after another with
// their lengths.
func (f *capturedFile) appendDigested(line []byte) []byte {
	text := func(s string) { line = append(binary.AppendUvarint(line, uint64(len(s))), s...) }
	number := func(n *uint32) {
		if n != nil {
			line = binary.AppendUvarint(line, uint64(*n)+1)
		} else {
			line = append(line, 0)
		}
	}
	text(f.in.origin)
	text(f.name)
	text(f.link)
	text(orZero(f.kind))
	if f.isDigested {
		line = hex.AppendEncode(binary.AppendUvarint(line, 2*sha256.Size), f.sum[:])
	} else {
		text("")
	}
	numbers := [5]*uint32{}
	if f.kind != nil {
		numbers = [5]*uint32{&f.mode, &f.uid, &f.gid}
	}
	if f.rare != nil {
		numbers[3], numbers[4] = f.rare.DeviceMajor, f.rare.DeviceMinor
	}
	for _, n := range numbers {
		number(n)
	}
	if f.kind != nil && isTime(f.modified) {
		line = binary.AppendVarint(line, f.modified.UnixMicro())
	}
	return line
}

// capturedFiles are the rows of filesystem_entries of a checkpoint.
type capturedFiles []*capturedFile

// addCaptured adds a file, if the table takes its row.
func (c *container) addCaptured(f *capturedFile) bool {
	const digestText = "................................................................" // as long as any
	var sum = digestText
	f.fill(&c.entryRow, &sum)
	if !countRow(&c.notes, &c.entryRow) {
		return false
	}
	if len(c.entryBlock) == cap(c.entryBlock) {
		const least, most = 16, 512
		c.entryBlock = make([]capturedFile, 0, min(max(2*cap(c.entryBlock), least), most))
	}
	c.entryBlock = append(c.entryBlock, *f)
	c.filesystem = append(c.filesystem, &c.entryBlock[len(c.entryBlock)-1])
	return true
}

// finish leaves the rows to whoever writes them: few as they are, many to be made then.
func (files capturedFiles) finish(rows *schema.Rows, members []schema.ArchiveMember) {
	if len(files) <= manyRows {
		files.Unpack(rows, 0, len(files))
		return
	}
	pack(rows, "filesystem_entries", schema.PackedRows{Packed: files, IsSound: files.isSound(members)})
}

// isSound reports whether the files stand in members that have rows. No other column
// of theirs is a reference.
func (files capturedFiles) isSound(members []schema.ArchiveMember) bool {
	var last *captureColumns
	for _, f := range files {
		if f.in == last {
			continue
		}
		last = f.in
		if !slices.ContainsFunc(members, func(m schema.ArchiveMember) bool { return *last.member.Text == orZero(m.CleanPath.Text) }) {
			return false
		}
	}
	return true
}

// Len implements schema.Packed.
func (files capturedFiles) Len() int { return len(files) }

// Unpack implements schema.Packed.
func (files capturedFiles) Unpack(r *schema.Rows, from, to int) {
	files = files[from:to]
	rows := slices.Grow(r.FilesystemEntries[:0], len(files))[:len(files)]
	sums := files.digestTexts()
	for i, f := range files {
		f.fill(&rows[i], &sums[i])
	}
	r.FilesystemEntries = rows
}

// digestTexts returns the digests of the files, which are cut from one text.
func (files capturedFiles) digestTexts() []string {
	const each = 2 * sha256.Size
	all := make([]byte, 0, each*len(files))
	for _, f := range files {
		all = hex.AppendEncode(all, f.sum[:])
	}
	texts, rest := make([]string, len(files)), string(all)
	for i := range texts {
		texts[i], rest = rest[:each], rest[each:]
	}
	return texts
}

// shared returns a text for NULLable columns that many rows have, NULL if it is empty.
func (ar *archiveReader) shared(s string) *string {
	if s == "" {
		return nil
	}
	if p := ar.sharedTexts[s]; p != nil {
		return p
	}
	const most = 256
	p := ptr(plain(s))
	if len(ar.sharedTexts) < most {
		if ar.sharedTexts == nil {
			ar.sharedTexts = map[string]*string{}
		}
		ar.sharedTexts[s] = p
	}
	return p
}

// isIn reports whether a file stands in the same member as another.
func (f *capturedFile) isIn(other *capturedFile) bool {
	return f.in == other.in || bytesOf(f.in.member) == bytesOf(other.in.member)
}
