package layout

import "strings"

// Role is what a member of an archive is read for. Roles are small numbers from
// 0, for sets and tables of them; the numbers mean nothing outside the program.
type Role uint8

// The roles of members.
const (
	// Ordinary members tell nothing: their content is not looked at. All that
	// are no regular files are ordinary, except for parent links.
	Ordinary Role = iota

	// Members of an image folder. Image is any image but those that follow; it
	// is small, and decoded once all are there.
	Image
	Pages        // the content of memory
	GPUPages     // the content of GPU buffers
	GhostFile    // a deleted file, with its content
	Tmpfs        // files of a tmpfs, as a compressed tar
	Cipher       // the keys of encrypted images
	UnknownImage // named like an image, but of no known kind
	ParentLink   // the symbolic link to the folder of the checkpoint before
	// ServiceImage is an image of CRIU's own, which may stand beside the folder.
	ServiceImage

	// Members beside the image folder.
	Metadata     // what the engine or the runtime wrote about the container
	PodMetadata  // the same about the pod
	CRIULog      // dump.log or restore.log
	ContainerLog // the container's own log
	RootfsDiff   // changes of the root file system, as a tar
	DevShm       // files of /dev/shm, as a tar
	Volume       // files of a named volume, as a tar
	Artifact     // a file that the engine kept with the container

	// What checkpoints are packed into.
	ImageStream // the images of a folder, as criu-image-streamer writes them
	Document    // index or manifest of a container image
	Blob        // document or layer of a container image: only its head tells
	Archive     // named like an archive or a layer
	Candidate   // of any other name, but near enough to the top to be an archive within the archive
)

var roleNames = [...]string{
	Ordinary: "ordinary", Image: "image", Pages: "pages", GPUPages: "gpu pages", GhostFile: "ghost file", Tmpfs: "tmpfs",
	Cipher: "cipher", UnknownImage: "unknown image", ParentLink: "parent link", ServiceImage: "service image", Metadata: "metadata",
	PodMetadata: "pod metadata", CRIULog: "criu log", ContainerLog: "container log", RootfsDiff: "rootfs diff", DevShm: "dev shm",
	Volume: "volume", Artifact: "artifact", ImageStream: "image stream", Document: "document", Blob: "blob", Archive: "archive", Candidate: "candidate",
}

func (r Role) String() string {
	if int(r) < len(roleNames) {
		return roleNames[r]
	}
	return "unknown"
}

// Engines is a set of container engines.
type Engines uint8

// The engines.
const (
	Podman Engines = 1 << iota
	CRIO
	Containerd
	Docker
)

var engineNames = [...]string{"podman", "cri-o", "containerd", "docker"}

func (e Engines) String() string {
	var names []string
	for i, name := range engineNames {
		if e&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}
