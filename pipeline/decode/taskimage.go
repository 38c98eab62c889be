package decode

import (
	"errors"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/ckexport/ckexport/pipeline/archive"
	"github.com/ckexport/ckexport/pipeline/layout"
	"github.com/ckexport/ckexport/schema"
)

// Media types of containerd's checkpoint images. Source: containerd
// core/images/mediatypes.go.
const (
	mediaTaskCheckpoint = "application/vnd.containerd.container.criu.checkpoint.criu.tar"
	mediaTaskPreDump    = "application/vnd.containerd.container.criu.checkpoint.predump.tar"
	mediaTaskSpec       = "application/vnd.containerd.container.checkpoint.config.v1+proto"
	mediaTaskOptions    = "application/vnd.containerd.container.checkpoint.options.v1+proto"
	mediaTaskRW         = "application/vnd.containerd.container.rw.tar"
)

// mediaLayers begin the media types of layers, mediaImages are those of images.
// Source: OCI image specification, media-types.md; Docker image manifest V 2,
// schema 2.
var (
	mediaLayers = []string{"application/vnd.oci.image.layer.", "application/vnd.docker.image.rootfs.diff.", mediaTaskRW}
	mediaImages = []string{"application/vnd.oci.image.manifest.", "application/vnd.oci.image.index.", "application/vnd.docker.distribution.manifest."}
)

// taskImage is what a checkpoint image of containerd's own (ctr container
// checkpoint) holds beside CRIU's images: an index lists them, each a blob with
// a media type of its own. Source: containerd client/container_checkpoint_opts.go.
type taskImage struct {
	index                string // the member that lists them
	spec, options, layer string // members; empty where the index lists none
	imageDigest          string // of the container's image
	imageName, runtime   string
}

// annotationRuntime is the annotation of a taskImage's index that names the runtime.
// The container's image is named by annotationRefName, where other indexes have the
// checkpoint's own name. Source: containerd client/container.go.
const annotationRuntime = "io.containerd.checkpoint.runtime"

// taskImage adds the checkpoint image that an index is, if it is one.
func (d *imageDocuments) taskImage(byLayer map[string]*containerImage, member string) {
	index := d.byMember[member]
	root := rootOf(member)
	task := &taskImage{index: member, imageName: index.Annotations[annotationRefName], runtime: index.Annotations[annotationRuntime]}
	var checkpoints []string
	for _, listed := range index.Manifests {
		blob := blobMember(root, listed.Digest)
		switch kind := listed.MediaType; {
		case kind == mediaTaskCheckpoint || kind == mediaTaskPreDump:
			checkpoints = append(checkpoints, blob)
		case kind == mediaTaskSpec:
			task.spec = blob
		case kind == mediaTaskOptions:
			task.options = blob
		case beginsWith(kind, mediaLayers):
			task.layer = blob
		case beginsWith(kind, mediaImages):
			task.imageDigest = listed.Digest
		}
	}
	if len(checkpoints) == 0 {
		return
	}
	image := d.image(member)
	image.task = task
	if blob, ok := layout.ParseBlob(member); ok {
		image.digest = blob.Algorithm + ":" + blob.Digest
	}
	for _, c := range checkpoints {
		addLayer(byLayer, c, image)
	}
}

func beginsWith(s string, prefixes []string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(s, p) {
			return true
		}
	}
	return false
}

// isAny reports whether content that begins so may be a protobuf message with
// its type: the type's name comes first.
func isAny(head []byte) bool {
	number, kind, n := protowire.ConsumeTag(head)
	if n < 0 || number != 1 || kind != protowire.BytesType {
		return false
	}
	length, m := protowire.ConsumeVarint(head[n:])
	const longest = 255
	if m < 0 || length == 0 || length > longest {
		return false
	}
	name := head[n+m:]
	for _, b := range name[:min(len(name), int(length))] {
		if b <= ' ' || b > '~' {
			return false
		}
	}
	return true
}

// taskFile returns a document that the index of a checkpoint image lists; what is
// not there, told by the code, or no message with its type, is noted.
func (s *imageSet) taskFile(member, code string) (value *anypb.Any) {
	data, ok := s.documents[member]
	if !ok {
		message := "the index of the image lists it, and the archive does not hold it"
		if s.wasSeen(member) {
			code, message = Malformed, "not a message with its type, as protobuf has them"
		}
		s.container.memberProblem(member, Error, code, message)
		return nil
	}
	value = &anypb.Any{}
	if !s.take(2 * int64(len(data))) {
		s.passedBy(s.decoder.Limits.memory(), member, "the archive takes more memory; the message was not decoded")
		return nil
	}
	if err := (proto.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(data, value); err != nil {
		s.container.memberProblem(member, Error, Malformed, "not a message with its type, as protobuf has them")
		return nil
	}
	return value
}

// wasSeen reports whether there is a member of that path, in whatever archive.
func (ar *archiveReader) wasSeen(member string) bool {
	for outer := range (site{archive: folderOf(member)}).around {
		if ar.seen[site{outer, strings.TrimPrefix(strings.TrimPrefix(member, outer), "/")}] {
			return true
		}
	}
	return false
}

// specification returns the runtime's specification and the member that holds
// it: spec.dump, or that of a checkpoint image of containerd's own, which has it
// within a message, or as it is.
func (s *imageSet) specification() (data []byte, member string) {
	if data := s.metadataFile("spec.dump"); data != nil {
		return data, s.metadataPath("spec.dump")
	}
	image := s.packaging().image
	if image == nil || image.task == nil || image.task.spec == "" {
		return nil, ""
	}
	member = image.task.spec
	if data, ok := s.documents[member]; ok && beginsLikeJSON(data) {
		return data, member
	}
	if spec := s.taskFile(member, MissingMetadata); spec != nil {
		return append([]byte{}, spec.GetValue()...), member // not nil: an empty one is there
	}
	return nil, ""
}

// taskColumns fills in what a checkpoint image of containerd's own tells.
func (s *imageSet) taskColumns(row *schema.Checkpoint) {
	image := s.packaging().image
	if image == nil || image.task == nil {
		return
	}
	t := image.task
	if row.Engine == engineUnknown {
		row.Engine = engineContainerd
	}
	for _, f := range []struct {
		into  **string
		value string
	}{{&row.Image, t.imageName}, {&row.ImageID, t.imageDigest}, {&row.Runtime, t.runtime}} {
		if *f.into == nil {
			*f.into = nonEmpty(f.value)
		}
	}
	if t.options == "" {
		return
	}
	if value := s.taskFile(t.options, DanglingReference); value != nil {
		options, err := checkpointOptions(value.GetValue())
		if err != nil {
			s.container.memberProblem(t.options, Error, Malformed, "the options of the checkpoint: "+err.Error())
		}
		row.CheckpointOptions = options
	}
}

// checkpointOptions names the options that are set; those with a text have it
// behind a =. Source: containerd api/types/runc/options/oci.proto,
// CheckpointOptions.
func checkpointOptions(message []byte) (options []string, err error) {
	names := [...]string{1: "exit", 2: "open_tcp", 3: "external_unix_sockets", 4: "terminal", 5: "file_locks", 6: "empty_namespaces", 7: "cgroups_mode",
		8: "image_path", 9: "work_path"}
	options = []string{}
	for len(message) > 0 {
		number, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return options, errors.New("not a protobuf message")
		}
		field := message[n:]
		size := protowire.ConsumeFieldValue(number, kind, field)
		if size < 0 {
			return options, errors.New("a field that is cut short")
		}
		message = field[size:]
		if int(number) >= len(names) {
			continue
		}
		switch kind {
		case protowire.VarintType:
			if set, _ := protowire.ConsumeVarint(field); set != 0 {
				options = append(options, names[number])
			}
		case protowire.BytesType:
			text, _ := protowire.ConsumeBytes(field)
			options = append(options, names[number]+"="+plain(string(text)))
		}
	}
	return options, nil
}

// findTaskLayers finds the writable layers of containers in checkpoint images.
// Only the index tells what they are, which may come behind them: those whose
// files are wanted are read in a second pass over the archive, which findTaskLayers
// asks for.
func (ar *archiveReader) findTaskLayers() (again bool) {
	for _, c := range ar.containers {
		if c.site.archive == "" || !c.isCheckpoint() {
			continue
		}
		image := ar.imageOf(c.site)
		if image == nil || image.task == nil || image.task.layer == "" {
			continue
		}
		size, isThere := ar.nested[image.task.layer]
		if !isThere {
			c.memberProblem(image.task.layer, Error, DanglingReference, "the index of the image lists it, and the archive does not hold it, or not as an archive")
			continue
		}
		c.rootfsDiffBytes = ptr(uint64(size))
		if ar.taskLayers[image.task.layer] == nil {
			ar.taskLayers[image.task.layer] = c
		}
	}
	return len(ar.taskLayers) > 0 && ar.decoder.plan.wants(layout.RootfsDiff)
}

// isInTaskLayer reports whether a site is in a writable layer: what is called
// like a part of a checkpoint there is a file of the container.
func (ar *archiveReader) isInTaskLayer(s site) bool {
	for path := range (site{archive: s.archive}).around {
		if ar.taskLayers[path] != nil {
			return true
		}
	}
	return false
}

// readTaskLayer reads the files of the writable layer. What else is wrong with
// it, the first pass told.
func (c *container) readTaskLayer(m *archive.Member) {
	if !c.decoder.plan.wants(layout.RootfsDiff) {
		return
	}
	c.guard(m.Name, func() {
		err := c.readFilesystem(capture{origin: "rootfs_diff", member: m.Name, root: "/"}, m)
		if l, what, ok := c.decoder.Limits.passed(err); ok {
			c.passedBy(l, m.Name, what)
		}
	})
}
