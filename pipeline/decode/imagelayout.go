package decode

import (
	"bytes"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/ckexport/ckexport/pipeline/archive"
	"github.com/ckexport/ckexport/pipeline/layout"
)

// maxDocument bounds a member that is kept as a document of a container image.
// Registries refuse manifests of more than 4 MiB.
const maxDocument = 4 << 20

// isDocument reports whether a member that is named like a document or a blob
// of a container image is a document: it begins like JSON, or like a protobuf
// message of containerd. Layers are blobs too.
func isDocument(m *archive.Member) bool {
	if m.Size > maxDocument {
		return false
	}
	head, err := m.Peek(512)
	return err == nil && !archive.LooksPacked(head) && (beginsLikeJSON(head) || isAny(head))
}

func beginsLikeJSON(head []byte) bool {
	head = bytes.TrimLeft(head, " \t\r\n")
	return len(head) > 0 && (head[0] == '{' || head[0] == '[')
}

// checkDigest notes a document that is not what its name says.
func (c *container) checkDigest(member string, sha256 *string) {
	if blob, ok := layout.ParseBlob(member); ok && blob.Algorithm == "sha256" && sha256 != nil && *sha256 != blob.Digest {
		c.memberProblem(member, Warning, Inconsistent, "the content does not have the digest that names it")
	}
}

// containerImage is a container image, as far as it says what its layers are.
type containerImage struct {
	digest    string   // of the manifest; empty in a docker archive
	names     []string // it was tagged with
	createdAt *time.Time
	levels    []map[string]string // annotations, those nearest to the layers first
	task      *taskImage          // of a checkpoint image of containerd's own
	*joinedAnnotations
}

// imageManifest is what is read of an index, a manifest or a configuration.
// Source: OCI image specification, image-index.md, manifest.md, config.md.
type imageManifest struct {
	Manifests   []imageDescriptor `json:"manifests"`
	Config      imageDescriptor   `json:"config"`
	Layers      []imageDescriptor `json:"layers"`
	Annotations map[string]string `json:"annotations"`
}

// imageDescriptor refers to a blob. Source: OCI image specification,
// descriptor.md.
type imageDescriptor struct {
	MediaType   string            `json:"mediaType"`
	Digest      string            `json:"digest"`
	Annotations map[string]string `json:"annotations"`
}

// dockerManifest is an entry of manifest.json of a docker archive.
type dockerManifest struct {
	Config   string   `json:"Config"`
	RepoTags []string `json:"RepoTags"`
	Layers   []string `json:"Layers"`
}

// imagesByLayer returns the container images, by the members that are their
// layers. A layer may belong to several: the first image counts.
func (ar *archiveReader) imagesByLayer() map[string]*containerImage {
	byLayer := map[string]*containerImage{}
	documents := ar.imageDocuments()
	for _, member := range slices.Sorted(maps.Keys(documents.byMember)) {
		documents.taskImage(byLayer, member)
		blob, ok := layout.ParseBlob(member)
		m := documents.byMember[member]
		if !ok || len(m.Layers) == 0 {
			continue
		}
		image := documents.image(member)
		image.digest = blob.Algorithm + ":" + blob.Digest
		image.createdAt = ar.imageCreated(blobMember(blob.Layout, m.Config.Digest))
		for _, l := range m.Layers {
			addLayer(byLayer, blobMember(blob.Layout, l.Digest), image.withLevel(l.Annotations))
		}
	}
	ar.dockerImages(byLayer)
	return byLayer
}

// dockerImages adds the images that manifest.json of a docker archive lists.
func (ar *archiveReader) dockerImages(byLayer map[string]*containerImage) {
	for _, member := range slices.Sorted(maps.Keys(ar.documents)) {
		var list []dockerManifest
		if path.Base(member) != "manifest.json" || ar.unmarshal(ar.documents[member], &list) != nil {
			continue
		}
		dir := folderOf(member)
		for _, m := range list {
			image := &containerImage{createdAt: ar.imageCreated(path.Join(dir, archive.CleanName(m.Config))), joinedAnnotations: &joinedAnnotations{}}
			for _, tag := range m.RepoTags {
				image.names = append(image.names, plain(tag))
			}
			for _, l := range m.Layers {
				addLayer(byLayer, path.Join(dir, archive.CleanName(l)), image)
			}
		}
	}
}

// addLayer notes the image of a layer. What one document leaves out, another
// of the same image may tell: an archive can have both forms.
func addLayer(byLayer map[string]*containerImage, member string, image *containerImage) {
	known := byLayer[member]
	if known == nil {
		byLayer[member] = image
		return
	}
	if len(known.names) == 0 {
		known.names = image.names
	}
}

// blobMember returns the member of an image layout that holds the blob with a
// digest.
func blobMember(root, digest string) string {
	algorithm, hex, _ := strings.Cut(digest, ":")
	return layout.BlobName{Layout: root, Algorithm: archive.CleanName(algorithm), Digest: archive.CleanName(hex)}.Member()
}

// imageCreated returns when an image was made, by its configuration.
func (ar *archiveReader) imageCreated(member string) *time.Time {
	if known, ok := ar.created[member]; ok {
		return known // many images may name one configuration
	}
	var config struct {
		Created *time.Time `json:"created"`
	}
	var created *time.Time
	if ar.unmarshal(ar.documents[member], &config) == nil {
		created = optionalWhen(config.Created)
	}
	if ar.created == nil {
		ar.created = map[string]*time.Time{}
	}
	ar.created[member] = created
	return created
}

// imageOf returns the container image whose layer a checkpoint is in, nil if
// there is none.
func (ar *archiveReader) imageOf(s site) *containerImage {
	if ar.images == nil {
		ar.images = ar.imagesByLayer()
	}
	for member := range (site{archive: s.archive}).around { // the layer itself, or what it is nested in
		if image := ar.images[member]; image != nil && member != "" {
			ar.joinAnnotations(image)
			return image
		}
	}
	return nil
}

// whyNoCheckpoint says what an archive without a checkpoint is.
func (ar *archiveReader) whyNoCheckpoint() string {
	if len(ar.imagesByLayer()) > 0 {
		return "an ordinary container image: none of its layers holds a checkpoint"
	}
	for member := range ar.documents {
		if base := path.Base(member); base == "oci-layout" || base == "index.json" {
			return "a container image layout in which no layer holds a checkpoint"
		}
	}
	return "no CRIU images and no config.dump or spec.dump: not a checkpoint archive"
}
