package layout

import (
	"slices"
	"strings"
)

// rule tells members by name and folder. Fields that are empty hold for any.
type rule struct {
	role    Role
	base    string                      // the base name
	suffix  string                      // how the base name ends
	in      string                      // base name of the folder that the member stands in
	below   string                      // base name of a folder that it stands in or below
	like    func(dir, base string) bool // a form that folder and base name have
	engines Engines                     // that write it; none where the runtime or CRIU does, under any engine
	outer   bool                        // only in the outer archive, not in those within it
}

// WorkFolder is the folder in that of the images where Docker has CRIU put its
// log and statistics. Source: containerd 0.2 runtime/container.go, Checkpoint.
const WorkFolder = "criu.work"

// imageFolders are the names that engines give the folder of CRIU's images; what
// is in it belongs to the checkpoint in the folder above. Source: Podman
// libpod/container_internal_common.go.
var imageFolders = [...]string{"checkpoint", "pre-checkpoint"}

// imageRoles lists the kinds of CRIU images that are not simply kept; the names
// of images are criu.KindOf's. All images come before the rules.
var imageRoles = map[string]Role{
	"PAGES":        Pages,
	"AMDGPU_PAGES": GPUPages,
	"GHOST_FILE":   GhostFile,
	"TMPFS":        Tmpfs,
	"TMPFS_MNT":    Tmpfs,
	"STATS":        ServiceImage, // CRIU writes these to its working folder, which engines set
	"IRMAP_CACHE":  ServiceImage,
}

// members lists what belongs to a checkpoint beside its images. The first rule
// that a member meets tells what it is.
var members = []rule{
	// Source: checkpointctl lib/metadata.go, and what fills in its names: Podman libpod/container_internal_common.go, CRI-O
	// internal/lib/checkpoint.go, containerd internal/cri/server/container_checkpoint_linux.go.
	{base: "config.dump", role: Metadata, engines: Podman | CRIO | Containerd},
	{base: "spec.dump", role: Metadata, engines: Podman | CRIO | Containerd},
	{base: "network.status", role: Metadata, engines: Podman},
	{base: "deleted.files", role: Metadata, engines: Podman | CRIO},
	{base: "bind.mounts", role: Metadata, engines: CRIO},
	{base: "status", role: Metadata, engines: Containerd},
	{base: "status.dump", role: Metadata, engines: Containerd},
	{base: "pod.options", role: PodMetadata, engines: CRIO},
	{base: "pod.dump", role: PodMetadata, engines: CRIO},
	{base: "checkpoint-manifest.json", role: PodMetadata, engines: Containerd}, // Source: containerd internal/cri/server/podsandbox/checkpoint_linux.go
	{base: "pod-config.json", role: PodMetadata, engines: Containerd},
	{base: "dump.log", role: CRIULog, engines: CRIO | Containerd},
	{base: "restore.log", role: CRIULog},
	{base: "ctr.log", role: ContainerLog, engines: Podman},
	{base: "io.kubernetes.cri-o.LogPath", role: ContainerLog, engines: CRIO}, // the annotation's name, not its value
	{base: "container.log", role: ContainerLog, engines: Containerd},
	{base: "rootfs-diff.tar", role: RootfsDiff, engines: Podman | CRIO | Containerd},
	{base: "devshm-checkpoint.tar", role: DevShm, engines: Podman},
	{in: "volumes", suffix: ".tar", role: Volume, engines: Podman},

	// Source: runc libcontainer/criu_linux.go, crun src/libcrun/criu.c.
	{base: "descriptors.json", role: Metadata},

	{below: "artifacts", role: Artifact, engines: Podman}, // Source: Podman libpod/container_internal_common.go

	// Source: containerd 0.2 runtime/runtime.go, Checkpoint. Others have such a name in the layers of any image.
	{base: "config.json", role: Metadata, engines: Docker, outer: true},
	{base: "cipher.img", role: Cipher}, // Source: CRIU criu/include/image-desc.h
	{suffix: ".img", role: UnknownImage},
}

// packings lists what checkpoints are packed into. The rules hold for members
// near the top alone, see isNear, and come after members.
var packings = []rule{
	// Source: OCI image specification, image-layout.md; Docker image specification v1.2.
	{base: "oci-layout", role: Document},
	{base: "index.json", role: Document},
	{base: "manifest.json", role: Document},
	{like: isImageConfig, role: Document},
	{like: isBlob, role: Blob},
	{below: "blobs", role: Archive},

	{like: isImageStream, role: ImageStream},
	{like: isNamedArchive, role: Archive},
	{role: Candidate},
}

// isImageConfig reports whether a base name is that of an image's configuration
// in a docker archive: its SHA-256 and .json.
func isImageConfig(_, base string) bool {
	id, ok := strings.CutSuffix(base, ".json")
	return ok && len(id) == 64 && isHex(id)
}

// isImageStream reports whether a member is named like a stream of images, or a
// shard of one: img, img-1 or img.1, as they are or in LZ4; in an image folder
// anything in LZ4 is one. Source: criu-image-streamer README.md.
func isImageStream(dir, base string) bool {
	stem, isLZ4 := strings.CutSuffix(base, ".lz4")
	if _, folder := split(dir); isLZ4 && slices.Contains(imageFolders[:], folder) {
		return true
	}
	number, ok := strings.CutPrefix(stem, "img")
	return ok && (number == "" || len(number) > 1 && (number[0] == '-' || number[0] == '.') && strings.Trim(number[1:], "0123456789") == "")
}

func isBlob(dir, base string) bool {
	_, ok := blobOf(dir, base)
	return ok
}

// isNamedArchive allows for more behind .tar, such as .gz or a tag.
func isNamedArchive(_, base string) bool { return strings.Contains(base, ".tar") }
