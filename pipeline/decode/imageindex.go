package decode

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/ckexport/ckexport/pipeline/layout"
	"github.com/ckexport/ckexport/schema"
)

// imageDocuments are the documents of container images, with the indexes that
// list each.
type imageDocuments struct {
	byMember map[string]*imageManifest
	listings map[string][]listing // by the member listed
	names    map[string][]string  // by the member listed
}

// listing is where an index lists a document.
type listing struct {
	index       string // member
	annotations map[string]string
}

// The annotations that name what they stand at, and so differ from level to
// level. Source: OCI image specification, annotations.md; containerd
// core/images/annotations.go. The second is the whole name, of which the first is
// then a tag.
const (
	annotationRefName   = "org.opencontainers.image.ref.name"
	annotationImageName = "io.containerd.image.name"
)

var namesItself = map[string]bool{annotationRefName: true, annotationImageName: true}

// imageDocuments reads the documents.
func (ar *archiveReader) imageDocuments() *imageDocuments {
	d := &imageDocuments{byMember: map[string]*imageManifest{}, listings: map[string][]listing{}, names: map[string][]string{}}
	for _, member := range slices.Sorted(maps.Keys(ar.documents)) {
		m := &imageManifest{}
		if ar.unmarshal(ar.documents[member], m) != nil {
			continue // manifest.json of a docker archive is a list; others tell nothing
		}
		d.byMember[member] = m
		root := rootOf(member)
		for _, listed := range m.Manifests {
			child := blobMember(root, listed.Digest)
			d.listings[child] = append(d.listings[child], listing{member, listed.Annotations})
			if name := cmp.Or(listed.Annotations[annotationImageName], listed.Annotations[annotationRefName]); name != "" {
				d.names[child] = append(d.names[child], plain(name))
			}
		}
	}
	return d
}

// rootOf returns the folder of the image layout that a document belongs to.
func rootOf(member string) string {
	if blob, ok := layout.ParseBlob(member); ok {
		return blob.Layout
	}
	return folderOf(member)
}

// image returns an image with the annotations at a document and at all indexes
// that lead to it, and the nearest names.
func (d *imageDocuments) image(member string) *containerImage {
	image := &containerImage{levels: []map[string]string{d.byMember[member].Annotations}, joinedAnnotations: &joinedAnnotations{}}
	seen := map[string]bool{member: true} // an archive may have indexes that list each other
	for queue := []string{member}; len(queue) > 0 && len(image.levels) < maxLevels; queue = queue[1:] {
		if len(image.names) == 0 {
			image.names = d.names[queue[0]]
		}
		for _, l := range d.listings[queue[0]] {
			if len(image.levels) >= maxLevels {
				break
			}
			image.levels = append(image.levels, l.annotations)
			if !seen[l.index] {
				seen[l.index] = true
				queue = append(queue, l.index)
				image.levels = append(image.levels, d.byMember[l.index].Annotations)
			}
		}
	}
	return image
}

// withLevel returns the image as a layer with annotations of its own sees it.
func (i *containerImage) withLevel(annotations map[string]string) *containerImage {
	if len(annotations) == 0 {
		return i
	}
	own := *i
	own.levels = append([]map[string]string{annotations}, i.levels...)
	own.joinedAnnotations = &joinedAnnotations{}
	return &own
}

// joinedAnnotations are the annotations of all levels together.
type joinedAnnotations struct {
	annotations map[string]string // the nearest to the layer counts
	differing   []string          // keys that levels give different values
	cutBy       *limitError       // not nil where some are left out
}

// joinAnnotations joins the annotations of an image's levels, the first time it is
// asked for. Many images can share an index with many annotations, so that this
// is done only for those that hold a checkpoint.
func (ar *archiveReader) joinAnnotations(i *containerImage) {
	if i.annotations != nil {
		return
	}
	i.annotations = map[string]string{}
	for _, level := range i.levels {
		const perEntry = 128
		if !ar.take(perEntry * int64(len(level))) {
			i.cutBy = &limitError{ar.decoder.Limits.memory(), "the archive takes more memory; annotations of the image are left out"}
			break
		}
		for _, key := range slices.Sorted(maps.Keys(level)) {
			known, ok := i.annotations[key]
			switch {
			case !ok:
				i.annotations[key] = level[key]
			case known != level[key] && !namesItself[key] && len(i.differing) < maxProblems && !slices.Contains(i.differing, key):
				i.differing = append(i.differing, key)
			}
		}
	}
}

// imageProblems notes what is wrong with the annotations of the image around the
// checkpoint.
func (s *imageSet) imageProblems(row *schema.Checkpoint, i *containerImage) {
	if i.cutBy != nil {
		s.passedIn(i.cutBy.limit, "annotations", i.cutBy.what)
	}
	for _, key := range i.differing {
		s.rowProblem("checkpoints", "image_dir="+row.ImageDir, Warning, Inconsistent,
			fmt.Sprintf("the annotation %s has different values at the image and at the indexes around it; the one nearest to the layer counts", key))
	}
}
