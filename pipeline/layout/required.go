package layout

// required lists what engines pack into every archive of a container; what they
// pack only if there is something to pack is not here.
// Source: Podman libpod/container_internal_common.go, exportCheckpoint; CRI-O
// internal/lib/checkpoint.go; containerd internal/cri/server/container_checkpoint_linux.go.
var required = []struct {
	base    string
	engines Engines
}{
	{"config.dump", Podman | CRIO | Containerd},
	{"spec.dump", Podman | CRIO | Containerd},
	{"network.status", Podman},
	{"status", Containerd},
	{"status.dump", Containerd},
	{"stats-dump", CRIO | Containerd}, // and Podman since 4.0
	{"dump.log", CRIO | Containerd},
	{"rootfs-diff.tar", Containerd},
}

// RequiredOf returns the names of the members that stand beside the images in
// every archive of an engine; of several engines, those that all of them pack.
func RequiredOf(engines Engines) []string {
	var names []string
	for _, r := range required {
		if r.engines&engines == engines {
			names = append(names, r.base)
		}
	}
	return names
}

// EngineTraces returns the names of members that only engines of archives write:
// where one is, there was an archive of a container, and not just a folder of
// images. Docker makes folders.
func EngineTraces() []string {
	var names []string
	for i := range members {
		r := &members[i]
		switch r.role {
		case Metadata, ContainerLog, RootfsDiff, DevShm:
			if r.engines&(Podman|CRIO|Containerd) != 0 && r.base != "" && r.base != "status" { // that one is a word
				names = append(names, r.base)
			}
		}
	}
	return names
}
