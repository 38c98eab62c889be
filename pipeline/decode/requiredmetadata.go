package decode

import (
	"fmt"
	"maps"
	"path"
	"slices"

	"github.com/ckexport/ckexport/pipeline/layout"
	"github.com/ckexport/ckexport/schema"
)

// missingMetadata notes the members beside the images that the engine packs into
// every archive, and the keys that these must have. A folder of images alone needs
// none of them.
func (s *imageSet) missingMetadata() {
	plan := s.decoder.plan
	if !s.main || s.endedEarly || !plan.covers(metadataMembers) {
		return
	}
	c := s.containerInfo()
	if image := s.packaging().image; image != nil && image.task != nil {
		s.missingInTaskImage(c, image.task)
		return
	}
	if !slices.ContainsFunc(layout.EngineTraces(), s.isBeside) {
		return
	}
	for _, name := range c.requiredMembers() {
		if !s.isBeside(name) {
			s.besideProblem(name, MissingMetadata, fmt.Sprintf("%s is not there; %s packs it into every archive", name, c.writer()))
		}
	}
	for _, k := range s.requiredKeys(c) {
		if !k.isThere {
			s.besideProblem(k.member, MissingField, k.missing())
		}
	}
	if plan.covers(criuLogMember) && s.isBeside("dump.log") && c.engine != enginePodman && c.engine != engineUnknown {
		s.checkCRIULog()
	}
	if c.engine != engineUnknown {
		for _, member := range s.otherLogs {
			s.container.memberProblem(member, Error, Malformed, "the first line does not begin with time, stream and tag, as in the logs that "+c.engine+" packs")
		}
	}
	s.decodeJSON("descriptors.json", new([]string))
}

// missingInTaskImage does so for a checkpoint image of containerd's own, where the
// index lists what archives of other engines have beside the images. Source:
// containerd plugins/services/tasks/local.go, Checkpoint.
func (s *imageSet) missingInTaskImage(c *containerInfo, task *taskImage) {
	if c.specMember == "" && task.spec == "" {
		s.container.memberProblem(task.index, Error, MissingMetadata, "the index lists no specification of the container; containerd packs it into every image")
	}
	for _, k := range specKeys(c) {
		if !k.isThere {
			s.container.memberProblem(c.specMember, Error, MissingField, k.missing())
		}
	}
}

// writer names what writes the archive's metadata.
func (c *containerInfo) writer() string {
	if c.engine == engineUnknown {
		return "every engine"
	}
	return c.engine
}

// isBeside reports whether a member stands beside the images, or among them.
func (s *imageSet) isBeside(name string) bool {
	return s.seen[site{s.site.archive, path.Join(s.base(), name)}] || s.isThere(name)
}

func (s *imageSet) besideProblem(name, code, message string) {
	s.container.problem(schema.Problem{Member: text(path.Join(s.base(), name)), Severity: Error, Code: code, Message: message})
}

// requiredMembers returns the members that the engine packs into every archive of
// such a container.
func (c *containerInfo) requiredMembers() []string {
	switch c.engine {
	case engineCRIO:
		return layout.RequiredOf(layout.CRIO)
	case engineContainerd:
		return layout.RequiredOf(layout.Containerd)
	case enginePodman:
		return append(layout.RequiredOf(layout.Podman), c.podmanMembers()...)
	}
	return layout.RequiredOf(layout.Podman | layout.CRIO | layout.Containerd)
}

// podmanMembers returns what Podman packs because of how a container is
// configured. Source: Podman libpod/container_internal_common.go, checkpoint and
// exportCheckpoint.
func (c *containerInfo) podmanMembers() (names []string) {
	if c.config.Passwd != nil { // Podman 4.0 brought this key, and packs the statistics
		names = append(names, "stats-dump")
	}
	if c.config.LogDriver == "k8s-file" || c.config.LogDriver == "json-file" {
		names = append(names, "ctr.log")
	}
	isShm := func(m ociMount) bool { return m.Destination == "/dev/shm" && m.Source == c.config.ShmDir }
	if c.config.ShmDir != "" && slices.ContainsFunc(c.spec.Mounts, isShm) {
		names = append(names, "devshm-checkpoint.tar")
	}
	return names
}

// requiredKey is a key that a metadata file has in any case.
type requiredKey struct {
	member, key string
	isThere     bool
}

func (k requiredKey) missing() string { return fmt.Sprintf("key %s is missing", k.key) }

// specKeys returns the keys of the runtime's specification. Source: OCI runtime
// specification, config.md.
func specKeys(c *containerInfo) []requiredKey {
	if !c.hasSpec {
		return nil
	}
	p, r := c.spec.Process, c.spec.Root
	return []requiredKey{
		{"spec.dump", "ociVersion", c.spec.Version != ""},
		{"spec.dump", "process.args", p != nil && len(p.Args) > 0},
		{"spec.dump", "process.cwd", p != nil && p.Cwd != ""},
		{"spec.dump", "root.path", r != nil && r.Path != ""},
	}
}

// requiredKeys returns the keys of those metadata files that could be read.
// Source: checkpointctl lib/metadata.go; Podman libpod/container_config.go; CRI's ContainerStatus.
func (s *imageSet) requiredKeys(c *containerInfo) (keys []requiredKey) {
	keys = specKeys(c)
	require := func(member, key string, isThere bool) { keys = append(keys, requiredKey{member, key, isThere}) }
	if c.hasConfig {
		require("config.dump", "id", c.config.ID != "")
		require("config.dump", "name", c.config.Name != "")
		require("config.dump", "runtime", c.config.Runtime != "")
		require("config.dump", "createdTime", c.config.CreatedAt != nil)
	}
	if c.hasStatus {
		require("status.dump", "id", c.status.ID != "")
		require("status.dump", "metadata.name", c.status.Metadata.Name != "")
		require("status.dump", "created_at", c.status.CreatedAt != 0)
	}
	if c.engine == engineContainerd {
		var own struct { // containerd's own state of the container
			Version   string
			CreatedAt int64
		}
		if s.decodeJSON("status", &own) {
			require("status", "Version", own.Version != "")
			require("status", "CreatedAt", own.CreatedAt != 0)
		}
	}
	var networks map[string]any
	if s.unmarshal(s.metadataFile("network.status"), &networks) == nil { // else the tables of it told
		for _, network := range slices.Sorted(maps.Keys(c.config.Networks)) {
			_, isThere := networks[network]
			require("network.status", plain(network), isThere)
		}
	}
	return keys
}

// checkCRIULog notes a log that is not whole. Runtimes have CRIU log all it does,
// from its version to its success.
func (s *imageSet) checkCRIULog() {
	switch {
	case s.logFacts.version == nil:
		s.besideProblem("dump.log", Malformed, "the log does not tell the version of CRIU, as its first lines do")
	case !s.logFacts.finished:
		s.besideProblem("dump.log", Truncated, "the log does not tell that the dump finished, as its last line does")
	}
}
