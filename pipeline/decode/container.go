package decode

import (
	"path"
	"slices"
	"strings"

	"github.com/ckexport/ckexport/pipeline/yara"
	"github.com/ckexport/ckexport/schema"
)

// container is what belongs to one container of an archive: its image sets, and
// the metadata and captured files beside them.
type container struct {
	*archiveReader
	notes
	site site

	sets     map[string]*imageSet // by folder
	services map[string]*image    // images that may stand beside the folder
	metadata map[string][]byte    // small members that are no images, by name
	// hasMetadata says that there is what only checkpoints have.
	hasMetadata bool
	// streamFailed says that a stream of images could not be read.
	streamFailed bool
	problems     []schema.Problem

	members     []schema.ArchiveMember
	folderBytes map[string]uint64 // of the files in each folder
	keptImage   *image            // of the member at hand
	digests     []digest
	filesystem  capturedFiles
	entryBlock  []capturedFile         // that the next ones of filesystem are cut from
	entryRow    schema.FilesystemEntry // of the file that is added
	logLines    []schema.LogLine
	logPhases   []schema.LogPhase
	outputLines []schema.ContainerLogLine

	entryHits       []yara.Hit       // of the captured file at hand
	fileMatches     []contentMatches // of captured files and logs
	captures        []capture
	copies          []*Copy
	heldELFs        []*heldELF
	otherLogs       []string // container logs that do not begin with a line of the CRI format
	logFacts        criuFacts
	rootfsDiffBytes *uint64
	podFiles        *podFiles   // see readPodFiles
	room            schema.Rows // without rows, but with memory for those of its first image set
}

// add takes in what was found where there is no checkpoint.
func (c *container) add(other *container) {
	for _, captured := range other.captures {
		captured.first, captured.last = captured.first+len(c.filesystem), captured.last+len(c.filesystem)
		c.captures = append(c.captures, captured)
	}
	for _, m := range other.fileMatches {
		m.file += len(c.filesystem)
		c.fileMatches = append(c.fileMatches, m)
	}
	for _, t := range other.copies {
		if t.Row >= 0 {
			t.Row += len(c.filesystem)
		}
	}
	c.copies = append(c.copies, other.copies...)
	for _, held := range other.heldELFs {
		held.row += len(c.filesystem)
	}
	c.heldELFs = append(c.heldELFs, other.heldELFs...)
	c.filesystem = append(c.filesystem, other.filesystem...)
	c.members = append(c.members, other.members...)
	c.logLines = append(c.logLines, other.logLines...)
	c.logPhases = append(c.logPhases, other.logPhases...)
	c.outputLines = append(c.outputLines, other.outputLines...)
	c.otherLogs = append(c.otherLogs, other.otherLogs...)
	c.merge(&other.notes, func(schema.Problem) bool { return true })
	for dir, bytes := range other.folderBytes {
		c.folderBytes[dir] += bytes
	}
	if c.logFacts.version == nil && c.logFacts.kernelRelease == nil {
		c.logFacts = other.logFacts
	}
	if c.rootfsDiffBytes == nil {
		c.rootfsDiffBytes = other.rootfsDiffBytes
	}
}

// isCheckpoint reports whether there are CRIU images, or the metadata
// that only checkpoints have. In an archive within the archive a name is not
// enough: files of an ordinary image may be called so.
func (c *container) isCheckpoint() bool {
	for _, s := range c.sets {
		if s.hasImages() && (c.site.archive == "" || s.images["inventory.img"] != nil || s.hasKind("CORE") || s.hasKind("PAGEMAP")) {
			return true
		}
	}
	return c.hasMetadata
}

// sortedSets returns the image sets of a checkpoint, the main one first.
func (c *container) sortedSets() []*imageSet {
	sets := make([]*imageSet, 0, len(c.sets))
	for _, s := range c.sets {
		if s.hasImages() {
			sets = append(sets, s)
		}
	}
	slices.SortFunc(sets, func(a, b *imageSet) int {
		if a.isMain() != b.isMain() {
			if a.isMain() {
				return -1
			}
			return 1
		}
		return strings.Compare(a.dir, b.dir)
	})
	if len(sets) == 0 { // metadata without images
		sets = append(sets, c.imageSet(path.Join(c.site.folder, "checkpoint")))
		if !c.streamFailed { // else that was told
			c.problem(schema.Problem{Severity: Error, Code: MissingImage, Message: "no CRIU images"})
		}
	}
	sets[0].main = true
	return sets
}
