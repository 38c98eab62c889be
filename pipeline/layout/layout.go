// Package layout knows how checkpoints are laid out in archives: from a
// member's name it tells what the member is, which checkpoint it belongs to,
// and which engine writes it.
//
// These layouts are understood. The files tell one where they stand at the top
// of a tar or a folder:
//
//   - A container checkpoint of Podman, CRI-O or containerd: spec.dump and
//     config.dump beside the images in checkpoint/ (checkpoint/inventory.img),
//     with files of the container and logs. The annotations in spec.dump tell
//     the engine. Podman's pre-checkpoints have pre-checkpoint/ instead
//     (pre-checkpoint/inventory.img), or both.
//   - A folder of CRIU images, as CRIU, runc, crun and Docker leave them:
//     inventory.img. Docker adds config.json, and criu.work/ with CRIU's log and
//     statistics.
//   - A stream of CRIU images, as criu-image-streamer writes them, often through
//     lz4: img.lz4 stands for the images of its folder, as img-1.lz4, img-2.lz4
//     and so on do together. It may also stand where the images of a container
//     checkpoint would: checkpoint/img.lz4.
//   - A pod: pod.options or pod.dump, and a folder or an archive for each
//     container. Of containerd: checkpoint-manifest.json, pod-config.json, and for
//     each container a tar that holds a checkpoint image.
//   - An OCI image layout: oci-layout, with index.json and blobs/. A layer is a
//     container checkpoint or a pod. In a checkpoint image of containerd's own
//     (ctr container checkpoint) the media types in the index tell the blobs apart:
//     CRIU's images, the specification, options, and the writable layer.
//   - A docker archive (docker save): manifest.json that lists images, whose
//     layers are archives too.
//
// All of these may also lie below other folders, or in an archive within the
// archive. A checkpoint's site is the folder that such a layout begins at.
//
// To understand another file: a line in members (members.go), with a new Role
// if it is read in a new way. To understand another layout: a line in marks.
package layout

import (
	"bytes"
	"slices"
)

// Mark is a regular file by which a folder is known to be one input.
type Mark struct {
	// Layout names what the folder is.
	Layout string
	// Path is where the file stands below the folder, with slashes.
	Path string
	// Head, if not nil, also has to accept how the file begins: its first 512
	// bytes, or what there is.
	Head func(head []byte) bool
}

var marks = []Mark{
	{Layout: "container checkpoint", Path: "spec.dump"},
	{Layout: "container checkpoint", Path: "config.dump"},
	{Layout: "container checkpoint", Path: "checkpoint/inventory.img"},
	{Layout: "container checkpoint", Path: "pre-checkpoint/inventory.img"},
	{Layout: "CRIU images", Path: "inventory.img"},
	{Layout: "stream of CRIU images", Path: "img.lz4", Head: isLZ4},
	{Layout: "stream of CRIU images", Path: "img-1.lz4", Head: isLZ4},
	{Layout: "pod", Path: "pod.options"},
	{Layout: "pod", Path: "pod.dump"},
	{Layout: "pod", Path: "checkpoint-manifest.json", Head: isPodManifest},
	{Layout: "OCI image layout", Path: "oci-layout"},
	{Layout: "docker archive", Path: "manifest.json", Head: isDockerManifest},
}

// FolderMarks returns the files of which one is enough to make a folder one
// input: something was unpacked into it, or written there.
func FolderMarks() []Mark { return slices.Clone(marks) }

// isLZ4 reports whether a file begins like a frame of LZ4. Source: LZ4 Frame
// Format Description.
func isLZ4(head []byte) bool { return bytes.HasPrefix(head, []byte{0x04, 0x22, 0x4d, 0x18}) }

// isPodManifest reports whether a file begins like checkpoint-manifest.json of a
// pod's checkpoint; checkpoints of other things have files called so too.
// Source: containerd internal/cri/server/podsandbox/checkpoint_linux.go,
// podCheckpointManifest.
func isPodManifest(head []byte) bool {
	head = bytes.TrimLeft(head, " \t\r\n")
	return bytes.HasPrefix(head, []byte("{")) && bytes.Contains(head, []byte(`"sandboxId"`))
}

// isDockerManifest reports whether a file begins like manifest.json of a docker
// archive; others are called so too. Source: Docker image specification v1.2.
func isDockerManifest(head []byte) bool {
	head = bytes.TrimLeft(head, " \t\r\n")
	return bytes.HasPrefix(head, []byte("[")) && (bytes.Contains(head, []byte(`"Layers"`)) || bytes.Contains(head, []byte(`"Config"`)))
}
