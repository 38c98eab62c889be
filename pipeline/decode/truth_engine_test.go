package decode_test

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ckexport/ckexport/schema"
)

// checkEngine compares what the engine's inspect shows.
func checkEngine(s *subject) {
	c := &s.rows.Checkpoints[0]
	s.checkPodman(c)
	s.checkCRI(c)
	s.checkStatistics(c)
	for _, p := range []string{"processes", "mounts"} {
		if s.isMemoryOnly() {
			break
		}
		counts := map[string][2]int{"processes": {int(c.ProcessCount), len(s.rows.Processes)}, "mounts": {int(c.MountCount), len(s.rows.Mounts)}}
		same(s, 0, "checkpoints count", p, counts[p][0], counts[p][1])
	}
}

func (s *subject) checkPodman(c *schema.Checkpoint) {
	var list []struct {
		ID         string `json:"Id"`
		Name       string
		Created    time.Time
		Image      string
		ImageName  string
		OCIRuntime string
		Pod        string
		Config     struct {
			Hostname    string
			Labels      map[string]string
			Annotations map[string]string
			Env         []string
			Tty         bool
		}
		HostConfig struct {
			Privileged bool
			PidsLimit  int64
			Memory     int64
		}
		EffectiveCaps   []string
		NetworkSettings struct {
			Networks map[string]struct {
				IPAddress, MacAddress, Gateway string
				IPPrefixLen                    uint32
			}
		}
	}
	if !s.truth.readJSON("podman-inspect.json", &list) || len(list) == 0 {
		return
	}
	p := list[0]
	same(s, 0, "checkpoints.engine", "", c.Engine, "podman")
	known(s, 0, "checkpoints.container_id", "", c.ContainerID, p.ID)
	known(s, 0, "checkpoints.container_name", "", c.ContainerName, p.Name)
	known(s, 0, "checkpoints.image", "", c.Image, p.ImageName)
	known(s, 0, "checkpoints.image_id", "", c.ImageID, p.Image)
	known(s, 0, "checkpoints.runtime", "", c.Runtime, p.OCIRuntime)
	s.sameTime("checkpoints.created_at", c.CreatedAt, p.Created, 0)
	if p.Pod != "" {
		known(s, 0, "checkpoints.pod_sandbox_id", "", c.PodSandboxID, p.Pod)
	}
	s.sameAnnotations("label", p.Config.Labels)
	var addresses []string
	for name, n := range p.NetworkSettings.Networks {
		if n.IPAddress == "" {
			continue
		}
		addresses = append(addresses, n.IPAddress)
		i := slices.IndexFunc(s.rows.ContainerNetworks, func(r schema.ContainerNetwork) bool { return r.NetworkName != nil && *r.NetworkName == name })
		if i < 0 {
			s.differ(0, "container_networks", name, "no row", n.IPAddress)
			continue
		}
		r := s.rows.ContainerNetworks[i]
		known(s, 0, "container_networks.address", name, r.Address.Text, n.IPAddress)
		known(s, 0, "container_networks.prefix_length", name, r.PrefixLength, n.IPPrefixLen)
		known(s, 0, "container_networks.mac_address", name, r.MACAddress, n.MacAddress)
		known(s, 0, "container_networks.gateway", name, r.Gateway, n.Gateway)
	}
	sameList(s, 0, "checkpoints.ip_addresses", "", c.IPAddresses, addresses)
	for _, spec := range s.rows.ContainerSpecs {
		known(s, 0, "container_specs.hostname", "", spec.Hostname, p.Config.Hostname)
		known(s, 0, "container_specs.privileged", "", spec.Privileged, p.HostConfig.Privileged)
		known(s, 0, "container_specs.terminal", "", spec.Terminal, p.Config.Tty)
		if p.HostConfig.PidsLimit > 0 {
			known(s, 0, "container_specs.pids_limit", "", spec.PidsLimit, p.HostConfig.PidsLimit)
		}
		if p.HostConfig.Memory > 0 {
			known(s, 0, "container_specs.memory_limit_bytes", "", spec.MemoryLimitBytes, p.HostConfig.Memory)
		}
		got := slices.Sorted(slices.Values(spec.CapEffective))
		sameList(s, 0, "container_specs.cap_effective", "", got, slices.Sorted(slices.Values(p.EffectiveCaps)))
		for _, e := range p.Config.Env {
			same(s, 0, "container_specs.env", e, slices.Contains(spec.Env, e), true)
		}
	}
}

func (s *subject) sameAnnotations(kind string, want map[string]string) {
	got := map[string]string{}
	for _, a := range s.rows.Annotations {
		if a.Kind == kind {
			got[a.Key] = a.Value
		}
	}
	for k, v := range want {
		if g, ok := got[k]; !ok || g != v {
			s.differ(0, "annotations", kind+" "+k, g, v)
		}
	}
	same(s, 0, "annotations", "number of kind "+kind, len(got), len(want))
}

// sameTime compares times that two programs wrote down.
func (s *subject) sameTime(column string, got *time.Time, want time.Time, within time.Duration) {
	s.t.Helper()
	if got == nil || got.Sub(want).Abs() > within {
		s.differ(0, column, "", got, want)
	}
}

func (s *subject) checkCRI(c *schema.Checkpoint) {
	var container struct {
		Status struct {
			ID        string    `json:"id"`
			CreatedAt time.Time `json:"createdAt"`
			StartedAt time.Time `json:"startedAt"`
			Image     struct {
				Image string `json:"image"`
			} `json:"image"`
			Metadata struct {
				Name    string `json:"name"`
				Attempt uint32 `json:"attempt"`
			} `json:"metadata"`
			Labels map[string]string `json:"labels"`
		} `json:"status"`
		Info struct {
			RuntimeType string `json:"runtimeType"` // containerd's only
			RuntimeSpec struct {
				Annotations map[string]string `json:"annotations"`
			} `json:"runtimeSpec"`
		} `json:"info"`
	}
	if !s.truth.readJSON("crictl-inspect.json", &container) {
		return
	}
	i := container.Status
	engine, within := "cri-o", time.Duration(0)
	if strings.HasPrefix(container.Info.RuntimeType, "io.containerd.") {
		engine, within = "containerd", 10*time.Millisecond // config.dump has the time of another step of the creation
		s.sameTime("checkpoints.started_at", c.StartedAt, i.StartedAt, time.Millisecond)
	}
	same(s, 0, "checkpoints.engine", "", c.Engine, engine)
	known(s, 0, "checkpoints.container_id", "", c.ContainerID, i.ID)
	known(s, 0, "checkpoints.container_name", "", c.ContainerName, i.Metadata.Name)
	known(s, 0, "checkpoints.attempt", "", c.Attempt, i.Metadata.Attempt)
	known(s, 0, "checkpoints.image", "", c.Image, i.Image.Image)
	s.sameTime("checkpoints.created_at", c.CreatedAt, i.CreatedAt, within)
	s.sameAnnotations("label", i.Labels)
	s.sameAnnotations("annotation", container.Info.RuntimeSpec.Annotations)
	var pod struct {
		Status struct {
			ID       string `json:"id"`
			Metadata struct {
				Name      string `json:"name"`
				Namespace string `json:"namespace"`
				UID       string `json:"uid"`
			} `json:"metadata"`
			Network struct {
				IP string `json:"ip"`
			} `json:"network"`
		} `json:"status"`
	}
	if !s.truth.readJSON("crictl-inspectp.json", &pod) {
		s.t.Errorf("%s: crictl-inspect.json without crictl-inspectp.json", s.name)
		return
	}
	p := pod.Status
	known(s, 0, "checkpoints.pod_name", "", c.PodName, p.Metadata.Name)
	known(s, 0, "checkpoints.pod_namespace", "", c.PodNamespace, p.Metadata.Namespace)
	known(s, 0, "checkpoints.pod_uid", "", c.PodUID, p.Metadata.UID)
	known(s, 0, "checkpoints.pod_sandbox_id", "", c.PodSandboxID, p.ID)
	if p.Network.IP != "" {
		sameList(s, 0, "checkpoints.ip_addresses", "", c.IPAddresses, []string{p.Network.IP})
	}
	if c.CheckpointedAt == nil || c.CreatedAt != nil && c.CheckpointedAt.Before(*c.CreatedAt) {
		s.differ(0, "checkpoints.checkpointed_at", "", c.CheckpointedAt, "a time after the creation")
	}
	if c.KubeletPod != nil {
		known(s, 0, "checkpoints.kubelet_pod", "", c.KubeletPod, p.Metadata.Name)
		known(s, 0, "checkpoints.kubelet_namespace_container", "", c.KubeletRest, p.Metadata.Namespace+"-"+i.Metadata.Name)
		known(s, 0, "checkpoints.kubelet_name_mismatch", "", c.KubeletNameMismatch, false)
	}
}

// checkStatistics compares what podman checkpoint --print-stats showed.
func (s *subject) checkStatistics(c *schema.Checkpoint) {
	var printed struct {
		Containers []struct {
			CRIU struct {
				Freezing     uint32 `json:"freezing_time"`
				Frozen       uint32 `json:"frozen_time"`
				Memdump      uint32 `json:"memdump_time"`
				Memwrite     uint32 `json:"memwrite_time"`
				PagesScanned uint64 `json:"pages_scanned"`
				PagesWritten uint64 `json:"pages_written"`
			} `json:"criu_statistics"`
		} `json:"container_statistics"`
	}
	if text, ok := s.truth.file("checkpoint-stdout.txt"); ok && strings.HasPrefix(text, "{") {
		s.truth.readJSON("checkpoint-stdout.txt", &printed)
	}
	for _, p := range printed.Containers {
		known(s, 0, "checkpoints.freezing_us", "", c.FreezingUS, p.CRIU.Freezing)
		known(s, 0, "checkpoints.frozen_us", "", c.FrozenUS, p.CRIU.Frozen)
		known(s, 0, "checkpoints.memdump_us", "", c.MemdumpUS, p.CRIU.Memdump)
		known(s, 0, "checkpoints.memwrite_us", "", c.MemwriteUS, p.CRIU.Memwrite)
		known(s, 0, "checkpoints.pages_scanned", "", c.PagesScanned, p.CRIU.PagesScanned)
		known(s, 0, "checkpoints.pages_written", "", c.PagesWritten, p.CRIU.PagesWritten)
	}
	if c.PagesWritten != nil {
		same(s, 0, "checkpoints.process_pages_present", "as pages_written", c.ProcessPagesPresent, *c.PagesWritten)
	}
}

// checkFileChanges compares the changed files with podman diff.
func checkFileChanges(s *subject) {
	text, ok := s.truth.file("podman-diff.txt")
	if !ok || s.rows.Checkpoints[0].RootfsDiffBytes == nil || s.truth.shared {
		return
	}
	written, deleted := map[string]schema.FilesystemEntry{}, map[string]bool{}
	for _, e := range s.rows.FilesystemEntries {
		switch {
		case e.Change == nil:
		case *e.Change == "deleted":
			deleted[exact(e.Path)] = true
		default:
			written[exact(e.Path)] = e
		}
	}
	for _, line := range diffLines(text) {
		kind, path := line[:1], unescapeHex(line[2:])
		e, ok := written[path]
		switch {
		case kind == "D":
			same(s, 0, "filesystem_entries", "deleted "+path, deleted[path], true)
			delete(deleted, path)
			continue
		case !ok:
			s.differ(0, "filesystem_entries", kind+" "+path, "no row", "written")
			continue
		}
		delete(written, path)
		if e.Type != nil && *e.Type == "file" && (e.SHA256 == nil || e.SizeBytes == nil) {
			s.differ(0, "filesystem_entries.sha256", path, "NULL", "known")
		}
	}
	for path := range written {
		s.differ(0, "filesystem_entries", path, "written", "no change")
	}
	for path := range deleted {
		s.differ(0, "filesystem_entries", path, "deleted", "no change")
	}
}

// diffLines splits podman diff's output: names may hold newlines.
func diffLines(text string) []string {
	var lines []string
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if len(line) > 2 && strings.Contains("ACD", line[:1]) && line[1] == ' ' {
			lines = append(lines, line)
		} else if n := len(lines); n > 0 {
			lines[n-1] += "\n" + line
		}
	}
	return lines
}

// checkHealthy expects no problems above info: nothing is wrong with these
// archives.
func checkHealthy(s *subject) {
	for _, rows := range s.result.Checkpoints {
		for _, p := range rows.Problems {
			if p.Severity != "info" {
				s.differ(0, "problems", p.Code, fmt.Sprintf("%s %s: %s", p.Severity, exact(p.Member), p.Message), "none")
			}
		}
	}
}
