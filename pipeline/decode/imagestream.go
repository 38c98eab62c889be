package decode

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"

	"github.com/ckexport/ckexport/pipeline/archive"
	"github.com/ckexport/ckexport/pipeline/criu"
	"github.com/ckexport/ckexport/pipeline/layout"
)

// imageStream is a stream of images in an archive, as criu-image-streamer writes
// them. Its files are read as if they were members of the folder that it stands in.
type imageStream struct {
	*container
	dir    string
	depth  int
	shards []streamShard
	// isSeekable says that the shards can be read at any time, and side by side.
	isSeekable bool
	kept       int64 // bytes of memory for files that have not ended
}

// streamShard is a member that holds a stream, or one shard of it.
type streamShard struct {
	member *archive.Member
	at     *io.SectionReader // nil where the archive is read in order
	row    int               // position among the container's members
}

// maxShards bounds what is read side by side. Source: criu-image-streamer
// src/capture.rs, which expects fewer.
const maxShards = 32

// imageStreamMember reads a stream of images. Where the archive can be read at any
// offset, it may be one shard of several: they are read once all were seen.
func (c *container) imageStreamMember(m *member) {
	head, err := m.Peek(512)
	if err != nil || !archive.LooksLZ4(head) && !criu.LooksLikeImageStream(head) {
		c.nestedMember(m)
		return
	}
	m.row.Kind, m.row.DecodeStatus = "image_stream", "ok"
	c.folderBytes[m.is.Dir] -= uint64(m.Size) // its files count
	shard := streamShard{member: m.Member, row: len(c.members)}
	at, isSeekable := m.ReaderAt()
	if !isSeekable {
		st := &imageStream{container: c, dir: m.is.Dir, depth: m.depth, shards: []streamShard{shard}}
		if err := st.read(m); err != nil {
			c.streamProblem(m.Name, &m.row, err)
		}
		return
	}
	shard.at = at
	i := slices.IndexFunc(c.streams, func(st *imageStream) bool { return st.container == c && st.dir == m.is.Dir })
	if i < 0 {
		i = len(c.streams)
		c.streams = append(c.streams, &imageStream{container: c, dir: m.is.Dir, depth: m.depth, isSeekable: true})
	}
	st := c.streams[i]
	if len(st.shards) == maxShards {
		c.streamFailed = true
		c.memberProblem(m.Name, Error, Unsupported, fmt.Sprintf("a stream of CRIU images in more than %d shards", maxShards))
		return
	}
	st.shards = append(st.shards, shard)
}

// readStreams reads the streams of images that were left until all their shards
// were seen.
func (ar *archiveReader) readStreams() {
	for _, st := range ar.streams {
		first := st.shards[0]
		st.guard(first.member.Name, func() {
			if err := st.read(nil); err != nil {
				st.streamProblem(first.member.Name, &st.members[first.row], err)
			}
		})
	}
}

// open begins the stream: from in, if it is not seekable.
func (st *imageStream) open(in io.Reader) (*criu.ImageStream, error) {
	var shards []io.Reader
	for _, s := range st.shards {
		if s.at != nil {
			in = io.NewSectionReader(s.at, 0, s.at.Size())
		}
		if !st.take(archive.MemoryLZ4) {
			return nil, &limitError{st.decoder.Limits.memory(), "the archive takes more memory; the stream of images was not read"}
		}
		defer st.give(archive.MemoryLZ4)
		r, err := st.decoder.opener.Expand(in)
		if err != nil {
			return nil, err
		}
		shards = append(shards, r)
	}
	return criu.NewImageStream(shards...), nil
}

// isLone reports whether a member is all of a stream that is read in order.
func (st *imageStream) isLone(m *archive.Member) bool {
	return !st.isSeekable && st.shards[0].member.Name == m.Name
}

// read reads the files of the stream. What precedes damage is read.
func (st *imageStream) read(in io.Reader) error {
	stream, err := st.open(in)
	if err != nil {
		return err
	}
	files := map[string]*streamFile{}
	for {
		piece, err := stream.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = st.takePiece(files, piece)
		}
		if err != nil {
			for _, name := range slices.Sorted(maps.Keys(files)) {
				if st.readFile(name, files[name], true) != nil {
					break
				}
			}
			return st.explain(stream, err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(files)) { // an image may end where no file did
		if err := st.readFile(name, files[name], true); err != nil {
			return st.explain(stream, err)
		}
	}
	return nil
}

// explain says what was being read, and where a stream is of no known form.
func (st *imageStream) explain(stream *criu.ImageStream, err error) error {
	st.streamFailed = true
	_, _, isLimit := st.decoder.Limits.passed(err)
	const what = "a stream of CRIU images, as of criu-image-streamer"
	switch {
	case errors.Is(err, criu.ErrMissingMarker) && !st.isSeekable:
		return fmt.Errorf("%w: %s, in several shards: these are read in plain tars and folders only: %v", errUnsupported, what, err)
	case !stream.Started() && !isLimit && !errors.Is(err, archive.ErrTruncated):
		return fmt.Errorf("%w: %s: it does not begin in the form that is known: %v", errUnsupported, what, err)
	}
	return fmt.Errorf("%s: %w", what, err)
}

// takePiece takes in a piece of a file, or its end. Pages are read in another
// pass, when it is known whose they are.
func (st *imageStream) takePiece(files map[string]*streamFile, piece *criu.Piece) error {
	f := files[piece.File]
	if f == nil {
		limits := &st.decoder.Limits
		if !st.take(memberBytes + int64(len(piece.File))) {
			return &limitError{limits.memory(), "the archive takes more memory; the rest of the stream of images was not read"}
		}
		f = &streamFile{}
		files[piece.File] = f
	}
	if piece.End {
		delete(files, piece.File)
		return st.readFile(piece.File, f, false)
	}
	f.size += piece.Size
	if is := layout.Classify(layout.Entry{Name: st.memberOf(piece.File)}); is.Role == layout.Pages || is.Role == layout.GPUPages {
		if f.sum == nil {
			f.sum = sha256.New()
		}
		_, err := io.CopyBuffer(f.sum, piece.Content, st.decoder.copyBuffer())
		return err
	}
	return st.keepPiece(f, piece)
}

// readFile reads a file as a member; isCut says that the stream ended within it.
func (st *imageStream) readFile(name string, f *streamFile, isCut bool) error {
	st.release(f)
	full := name
	if st.dir != "" && !archive.LeavesArchive(name) {
		full = st.dir + "/" + name
	}
	m, err := st.nextMember(st.shards[0].member.Within(full, f.size, f), st.site.archive, st.depth)
	if err != nil {
		return err
	}
	m.stream, m.over = st, f.over
	if f.sum != nil && !isCut {
		m.pagesSum = hex.EncodeToString(f.sum.Sum(nil))
	}
	m.row.ContainerMember = ptr(plain(path.Join(st.site.archive, st.shards[0].member.Name)))
	of := st.last
	of.readMember(m)
	if isCut && f.over == nil {
		of.memberProblem(m.Name, Error, Truncated, "the stream of images ends within it")
		if of.keptImage != nil {
			of.keptImage.truncated, of.keptImage.status = true, Truncated
		}
	}
	return nil
}

// memberOf returns the name that a file of the stream has as a member.
func (st *imageStream) memberOf(file string) string {
	return archive.CleanName(path.Join(st.dir, file))
}
