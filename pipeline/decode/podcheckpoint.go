package decode

import (
	"cmp"
	"strings"
	"time"

	"github.com/ckexport/ckexport/schema"
)

// podManifest is checkpoint-manifest.json of a pod's checkpoint: its containers,
// each with an archive. Source: containerd
// internal/cri/server/podsandbox/checkpoint_linux.go, podCheckpointManifest.
type podManifest struct {
	SandboxID  string         `json:"sandboxId"`
	Containers []podContainer `json:"containers"`
}

// podContainer is a container of a podManifest: what the engine knew of it, as
// messages of CRI.
type podContainer struct {
	Name    string `json:"name"`
	ID      string `json:"id"`
	Archive string `json:"archive"`
	Config  struct {
		Image struct {
			Name          string `json:"image"`
			UserSpecified string `json:"user_specified_image"`
		} `json:"image"`
	} `json:"config"`
	Status criStatus `json:"status"`
}

// containerIn returns the entry of the container that is packed in an archive,
// or unpacked in a folder that is named so; nil if there is none.
func (m *podManifest) containerIn(name string) *podContainer {
	for i := range m.Containers {
		c := &m.Containers[i]
		if c.Archive != "" && (name == c.Archive || name == strings.TrimSuffix(c.Archive, ".tar")) {
			return c
		}
	}
	return nil
}

// manifestColumns fills in what the files of a pod's checkpoint tell, and notes
// where they contradict what stands nearer to the container.
func (s *imageSet) manifestColumns(row *schema.Checkpoint) {
	p := s.packaging()
	c := p.container
	if c == nil {
		c = &podContainer{}
	}
	for _, f := range []struct {
		into        **string
		name, value string
		isCompared  bool
	}{
		{&row.ContainerName, "container_name", c.Name, true},
		{&row.ContainerID, "container_id", c.ID, true},
		{&row.Image, "image", c.Config.Image.Name, true},
		{&row.ImageID, "image_id", cmp.Or(c.Status.ImageRef, c.Status.ImageID), false}, // an id where others have a digest
		{&row.ImageRequested, "image_requested", c.Config.Image.UserSpecified, false},
		{&row.PodName, "pod_name", p.config.Metadata.Name, true},
		{&row.PodNamespace, "pod_namespace", p.config.Metadata.Namespace, true},
		{&row.PodUID, "pod_uid", p.config.Metadata.UID, true},
		{&row.PodSandboxID, "pod_sandbox_id", p.manifest.SandboxID, true},
	} {
		switch value := nonEmpty(f.value); {
		case value == nil:
		case *f.into == nil:
			*f.into = value
		case f.isCompared && **f.into != *value:
			s.rowProblem("checkpoints", "image_dir="+row.ImageDir, Warning, Inconsistent, f.name+" and what the pod's checkpoint tells differ")
		}
	}
	if c.Name == "" {
		return
	}
	if row.Attempt == nil {
		row.Attempt = c.Status.Metadata.Attempt.get()
	}
	for _, f := range []struct {
		into  **time.Time
		value int64
	}{{&row.CreatedAt, c.Status.CreatedAt}, {&row.StartedAt, c.Status.StartedAt}} {
		if *f.into == nil && f.value > 0 {
			*f.into = when(time.Unix(0, f.value))
		}
	}
}
