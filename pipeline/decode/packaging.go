package decode

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"github.com/ckexport/ckexport/schema"
)

// packaging is what stands around a container's checkpoint: the container
// image that it is a layer of, and the pod archive that it is a part of.
type packaging struct {
	image *containerImage
	podFiles
	facts     map[string]string // see factsOf
	folder    string            // base name of the container's folder or archive in the pod
	container *podContainer     // its entry in the pod's manifest, nil if there is none
}

// podFiles are the files of a pod, which its containers share.
type podFiles struct {
	options  podOptions
	manifest podManifest
	dump     podDump
	config   podDump // pod-config.json
	// the files as they are, nil where there is none: pod.options or
	// checkpoint-manifest.json, pod.dump or pod-config.json
	optionsFile, dumpFile []byte
}

// podOptions is pod.options. Source: checkpointctl lib/metadata.go,
// CheckpointedPodOptions.
type podOptions struct {
	Containers  map[string]string `json:"containers"` // short name to full name
	Annotations map[string]string `json:"annotations"`
}

// podDump is what is read of pod.dump: a pod's configuration as the engine
// keeps it, in the forms of CRI's messages and of Podman.
type podDump struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	Namespace string `json:"namespace"`
	Metadata  struct {
		Name      string `json:"name"`
		Namespace string `json:"namespace"`
		UID       string `json:"uid"`
	} `json:"metadata"`
}

// packaging returns what stands around the checkpoint.
func (s *imageSet) packaging() *packaging {
	return s.facts.packaging.get(func() *packaging {
		p := &packaging{image: s.imageOf(s.site)}
		pod := s.podAround()
		if pod != nil {
			if pod.podFiles == nil {
				pod.podFiles = s.readPodFiles(pod)
			}
			p.podFiles = *pod.podFiles
			rest := strings.TrimPrefix(strings.TrimPrefix(s.site.path(), pod.site.path()), "/")
			p.folder, _, _ = strings.Cut(rest, "/")
			p.container = p.manifest.containerIn(p.folder)
		}
		p.facts = s.factsOf(pod, p)
		return p
	})
}

// readPodFiles reads the files of the pod around the checkpoint.
func (s *imageSet) readPodFiles(pod *container) *podFiles {
	p := &podFiles{}
	read := func(name string, into any) []byte {
		member := path.Join(pod.site.folder, name)
		data := pod.metadata[member]
		if data != nil {
			if err := s.unmarshal(data, into); err != nil {
				s.container.jsonProblem(member, err)
			}
		}
		return data
	}
	p.optionsFile, p.dumpFile = read("pod.options", &p.options), read("pod.dump", &p.dump)
	manifest, config := read("checkpoint-manifest.json", &p.manifest), read("pod-config.json", &p.config)
	if p.optionsFile == nil {
		p.optionsFile = manifest
	}
	if p.dumpFile == nil {
		p.dumpFile = config
	}
	return p
}

// podAround returns the nearest container around the checkpoint that has a pod's
// files, nil if none has.
func (s *imageSet) podAround() *container {
	for path := range s.site.around {
		if r := s.pods[path]; r != nil {
			return r
		}
	}
	return nil
}

// annotationPrefixes begin the annotations that engines give checkpoint
// images. Source: libpod/define/annotations.go of Podman,
// internal/annotations/checkpoint.go of CRI-O, lib/annotations.go of
// checkpointctl.
var annotationPrefixes = []string{"io.podman.annotations.checkpoint.", "io.kubernetes.cri-o.annotations.checkpoint.", "org.criu.checkpoint."}

// packed is what the annotations that tell facts stand in.
type packed struct {
	pod   *container
	image *containerImage
}

// factsOf returns the checkpoint's annotations without their prefixes; those of
// the image before those of the pod. Checkpoints that stand together share them.
func (ar *archiveReader) factsOf(pod *container, p *packaging) map[string]string {
	key := packed{pod, p.image}
	if known, ok := ar.packedFacts[key]; ok {
		return known
	}
	facts := map[string]string{}
	if ar.packedFacts == nil {
		ar.packedFacts = map[packed]map[string]string{}
	}
	ar.packedFacts[key] = facts
	take := func(annotations map[string]string) {
		for _, prefix := range annotationPrefixes {
			for key, value := range annotations {
				if name, ok := strings.CutPrefix(key, prefix); ok && value != "" && facts[name] == "" {
					facts[name] = value
				}
			}
		}
	}
	if p.image != nil {
		take(p.image.annotations)
	}
	take(p.options.Annotations)
	return facts
}

// packagingColumns fills in what only image and pod tell, and notes where they
// contradict the checkpoint's own metadata.
func (s *imageSet) packagingColumns(row *schema.Checkpoint) {
	p := s.packaging()
	row.ContainerMember = nonEmpty(s.site.archive)
	if i := p.image; i != nil {
		row.CheckpointImageNames, row.CheckpointImageDigest, row.CheckpointImageCreatedAt = i.names, nonEmpty(i.digest), i.createdAt
		s.imageProblems(row, i)
	}
	facts := p.facts
	for _, f := range []struct {
		into **string
		name string
		keys []string
	}{
		{into: &row.ContainerName, name: "container_name", keys: []string{"name", "container.name"}},
		{into: &row.PodName, name: "pod_name", keys: []string{"pod.name"}},
		{into: &row.PodNamespace, name: "pod_namespace", keys: []string{"pod.namespace"}},
		{into: &row.PodUID, name: "pod_uid", keys: []string{"pod.uid"}},
		{into: &row.PodSandboxID, name: "pod_sandbox_id", keys: []string{"pod.id"}},
		{into: &row.Image, name: "image", keys: []string{"rootfsImageName"}},
		{into: &row.Runtime, name: "runtime", keys: []string{"runtime.name"}},
		{into: &row.CRIUVersion, keys: []string{"criu.version"}}, // engines count differently from CRIU's log: nothing to compare
		{into: &row.KernelRelease, name: "kernel_release", keys: []string{"host.kernel"}},
		{into: &row.ImageID, keys: []string{"rootfsImageID", "rootfsImageSha"}}, // may be an id where the metadata has a digest
		{into: &row.ImageRequested, keys: []string{"rawImageName", "rootfsImageUserRequested"}},
		{into: &row.RuntimeVersion, keys: []string{"runtime.version"}},
		{into: &row.ConmonVersion, keys: []string{"conmon.version"}},
		{into: &row.CgroupVersion, keys: []string{"cgroups.version", "cgroup.version"}},
		{into: &row.HostArch, keys: []string{"host.arch"}},
		{into: &row.HostDistribution, keys: []string{"distribution.name"}},
		{into: &row.HostDistributionVersion, keys: []string{"distribution.version"}},
		{into: &row.EngineVersion, keys: []string{"podman.version", "cri-o.version", "engine.version"}},
	} {
		i := slices.IndexFunc(f.keys, func(k string) bool { return facts[k] != "" })
		if i < 0 {
			continue
		}
		value := plain(facts[f.keys[i]])
		switch {
		case *f.into == nil:
			*f.into = &value
		case f.name != "" && **f.into != value:
			s.rowProblem("checkpoints", "image_dir="+row.ImageDir, Warning, Inconsistent,
				f.name+" and the annotation "+f.keys[i]+" of the image or pod differ")
		}
	}
	packagingEngine(row, facts)
	p.podColumns(row)
}

// packagingEngine fills in engine and architecture where the checkpoint does
// not tell them.
func packagingEngine(row *schema.Checkpoint, facts map[string]string) {
	if row.Engine == engineUnknown {
		name := strings.ToLower(facts["engine.name"])
		switch {
		case slices.Contains([]string{enginePodman, engineCRIO, engineContainerd}, name):
			row.Engine = name
		case facts["podman.version"] != "":
			row.Engine = enginePodman
		case facts["cri-o.version"] != "":
			row.Engine = engineCRIO
		}
	}
	if row.Arch == nil && row.HostArch != nil {
		if name, ok := criuArch[*row.HostArch]; ok {
			row.Arch = &name
		}
	}
}

// criuArch names Go's architectures as CRIU does. Source: core.proto, march.
var criuArch = map[string]string{
	"amd64": "x86_64", "arm": "arm", "arm64": "aarch64", "ppc64le": "ppc64", "s390x": "s390", "mips": "mips", "mipsle": "mips", "mips64": "mips",
	"mips64le": "mips", "loong64": "loongarch64", "riscv64": "riscv64",
}

// podColumns fills in what the pod's own files tell.
func (p *packaging) podColumns(row *schema.Checkpoint) {
	fill := func(column **string, values ...string) {
		if *column == nil {
			*column = nonEmpty(cmp.Or(values...))
		}
	}
	fill(&row.PodName, p.dump.Metadata.Name, p.dump.Name)
	fill(&row.PodNamespace, p.dump.Metadata.Namespace, p.dump.Namespace)
	fill(&row.PodUID, p.dump.Metadata.UID)
	fill(&row.PodSandboxID, p.dump.ID)
	stem, _, _ := strings.Cut(p.folder, ".tar")
	for short, full := range p.options.Containers {
		if stem != "" && (stem == short || stem == full) {
			fill(&row.ContainerName, short)
		}
	}
}
