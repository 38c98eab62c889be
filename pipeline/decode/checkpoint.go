package decode

import (
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/checkpoint-restore/go-criu/v8/crit/images/stats"

	"github.com/ckexport/ckexport/pipeline/archive"
	"github.com/ckexport/ckexport/pipeline/criu"
	"github.com/ckexport/ckexport/pipeline/memory"
	"github.com/ckexport/ckexport/schema"
)

// decodeCheckpoint fills checkpoints, from what all the others found.
func (s *set) decodeCheckpoint() {
	c := &s.container
	row := schema.Checkpoint{
		Source: s.source, ArchiveName: filepath.Base(s.source), ImageDir: plain(s.dir), Engine: c.engine, Labels: s.decoder.Labels,
		ContainerName: c.name(), ContainerID: nonEmpty(c.config.ID), Image: nonEmpty(c.config.Image), Runtime: nonEmpty(c.config.Runtime),
		ImageID:        nonEmpty(firstNonEmpty(c.config.ImageRef, c.config.ImageID)),
		PodName:        c.firstAnnotation("io.kubernetes.pod.name", "io.kubernetes.cri.sandbox-name"),
		PodNamespace:   c.firstAnnotation("io.kubernetes.pod.namespace", "io.kubernetes.cri.sandbox-namespace"),
		PodUID:         c.firstAnnotation("io.kubernetes.pod.uid", "io.kubernetes.cri.sandbox-uid"),
		PodSandboxID:   nonEmpty(c.config.Pod),
		Attempt:        c.attempt(),
		CreatedAt:      optionalWhen(c.config.CreatedAt),
		CheckpointedAt: optionalWhen(c.config.CheckpointedAt),
		RestoredAt:     optionalWhen(c.config.RestoredAt),
		Restored:       c.config.Restored,
		DumpedAt:       s.dumpedAt, CheckpointBytes: s.folderBytes(), MemoryPagesBytes: s.pagesBytes,
		DumpKind: s.dumpKind(), ParentLink: plainPtr(s.parentLink), ByteOrder: s.byteOrder,
		CRIUVersion: s.facts.version, CRIUGitID: s.facts.gitID, KernelRelease: s.facts.kernelRelease, KernelVersion: s.facts.kernelVersion,
		HostNodename: s.facts.nodename,
	}
	if row.Image == nil {
		row.Image = c.firstAnnotation("io.kubernetes.cri-o.ImageName", "io.kubernetes.cri.image-name")
	}
	if row.PodSandboxID == nil {
		row.PodSandboxID = c.firstAnnotation("io.kubernetes.cri-o.SandboxID", "io.kubernetes.cri.sandbox-id")
	}
	if c.status.StartedAt > 0 {
		row.StartedAt = when(time.Unix(0, c.status.StartedAt))
	}
	if s.main {
		row.RootfsDiffBytes = s.rootfsDiffBytes
	}
	for _, n := range s.rows.ContainerNetworks {
		if n.Address.Text != nil {
			row.IPAddresses = append(row.IPAddresses, *n.Address.Text)
		}
	}
	s.kubeletColumns(&row)
	s.inventoryColumns(&row)
	s.statisticsColumns(&row)
	s.countColumns(&row)
	s.hostColumns(&row)
	s.packagingColumns(&row)
	s.rows.Checkpoints = append(s.rows.Checkpoints, row) // also where the archive may take no more memory
}

// folderBytes sums the files of the image folder.
func (s *set) folderBytes() uint64 {
	var sum uint64
	for i := range s.members {
		m := &s.members[i]
		if m.Type == string(archive.File) && m.DecodeStatus != duplicateStatus && folderOf(bytesOf(m.Path)) == s.dir {
			sum += m.SizeBytes
		}
	}
	return sum
}

func firstNonEmpty(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

func optionalWhen(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	return when(*t)
}

// dumpKind tells a full checkpoint from one that lacks parts on purpose.
func (s *set) dumpKind() string {
	if s.inventory == nil {
		return "unknown"
	}
	var parent, lazy, present bool
	for _, p := range s.rows.Pagemaps {
		switch p.Content {
		case criu.Parent.String():
			parent = true
		case criu.Lazy.String():
			lazy = true
		default:
			present = true
		}
	}
	switch {
	case len(s.tree) == 0 && len(s.cores) == 0:
		return "predump"
	case parent || s.parentLink != nil:
		return "incremental"
	case lazy && !present:
		return "lazy"
	}
	return "full"
}

// kubeletName is how kubelet names archives: the pod's name ends at the first
// underscore, the time is at the end. Source: Kubernetes
// pkg/kubelet/kubelet.go, CheckpointContainer.
var kubeletName = regexp.MustCompile(`^checkpoint-([^_]+)_(.+)-(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d))\.tar(?:\.\w+)?$`)

func (s *set) kubeletColumns(row *schema.Checkpoint) {
	m := kubeletName.FindStringSubmatch(row.ArchiveName)
	if m == nil {
		return
	}
	row.KubeletPod, row.KubeletRest = nonEmpty(m[1]), nonEmpty(m[2])
	if at, err := time.Parse(time.RFC3339Nano, m[3]); err == nil {
		row.KubeletAt = when(at)
	}
	if row.PodName != nil && row.PodNamespace != nil && row.ContainerName != nil {
		row.KubeletNameMismatch = ptr(*row.PodName != m[1] || *row.PodNamespace+"-"+*row.ContainerName != m[2])
	}
}

func (s *set) inventoryColumns(row *schema.Checkpoint) {
	i := s.inventory
	if i == nil {
		if len(s.images) > 0 {
			s.rowProblem("checkpoints", "image_dir="+plain(s.dir), Error, MissingImage, "inventory.img is not there")
		}
		return
	}
	row.ImgVersion, row.FdinfoPerID, row.NsPerID, row.RootCgSet = i.ImgVersion, i.FdinfoPerId, i.NsPerId, i.RootCgSet
	row.LSMType, row.PreDumpMode = optionalEnum(&criu.LSMType, i.Lsmtype), optionalEnum(&criu.PreDumpMode, i.PreDumpMode)
	row.NetworkLockMethod = optionalEnum(&criu.NetworkLock, i.NetworkLockMethod)
	row.DumpUptimeUS, row.TCPClose, row.AllowUprobes, row.CRIURunID = i.DumpUptime, i.TcpClose, i.AllowUprobes, plainPtr(i.DumpCriuRunId)
	if p := i.GetPluginsEntry(); p != nil {
		row.Plugins = []string{}
		for _, name := range p.GetPlugins() {
			row.Plugins = append(row.Plugins, plain(name))
		}
	}
	if ids := i.GetRootIds(); ids != nil {
		row.DumperPidNsID, row.DumperNetNsID, row.DumperIpcNsID, row.DumperUtsNsID = ids.PidNsId, ids.NetNsId, ids.IpcNsId, ids.UtsNsId
		row.DumperMntNsID, row.DumperUserNsID, row.DumperCgroupNsID, row.DumperTimeNsID = ids.MntNsId, ids.UserNsId, ids.CgroupNsId, ids.TimeNsId
	}
}

// statisticsColumns fills in stats-dump and stats-restore, which may stand
// beside the images.
func (s *set) statisticsColumns(row *schema.Checkpoint) {
	if r := s.statistics("stats-restore").GetRestore(); r != nil {
		row.RestoreForkingUS, row.RestoreUS = r.ForkingTime, r.RestoreTime
		row.RestorePagesCompared, row.RestorePagesSkippedCOW, row.RestorePagesRestored = r.PagesCompared, r.PagesSkippedCow, r.PagesRestored
	}
	d := s.statistics("stats-dump").GetDump()
	if d == nil {
		return
	}
	row.FreezingUS, row.FrozenUS, row.MemdumpUS, row.MemwriteUS, row.IrmapResolveUS = d.FreezingTime, d.FrozenTime, d.MemdumpTime, d.MemwriteTime, d.IrmapResolve
	row.PagesScanned, row.PagesSkippedParent, row.PagesWritten, row.PagesLazy = d.PagesScanned, d.PagesSkippedParent, d.PagesWritten, d.PagesLazy
	row.PagePipes, row.PagePipeBufs = d.PagePipes, d.PagePipeBufs
	row.ShpagesScanned, row.ShpagesSkipped, row.ShpagesWritten = d.ShpagesScanned, d.ShpagesSkippedParent, d.ShpagesWritten
}

// statistics returns the statistics of that name: those in the image folder,
// else those beside it.
func (s *set) statistics(name string) *stats.StatsEntry {
	var found *image
	for _, img := range s.services {
		dir := folderOf(img.member)
		if strings.HasPrefix(path.Base(img.member), name) && (dir == s.dir || dir == s.base()) && (found == nil || dir == s.dir) {
			found = img
		}
	}
	return oneOf[stats.StatsEntry](s, found)
}

func (s *set) countColumns(row *schema.Checkpoint) {
	for _, p := range s.rows.Processes {
		row.ThreadCount += p.ThreadCount
		if p.State.Code != nil && (*p.State.Code == taskDead || *p.State.Code == taskZombie) {
			row.ZombieCount++
		}
		if p.PPID == 0 && row.RootPID == nil {
			row.RootPID = ptr(p.PID)
		}
	}
	row.ProcessCount, row.FileCount = uint32(len(s.rows.Processes)), uint32(len(s.rows.Files))
	row.SocketCount, row.VMACount, row.MountCount = uint32(len(s.rows.Sockets)), uint32(len(s.rows.MemoryMappings)), uint32(len(s.rows.Mounts))
	for _, p := range s.rows.Pagemaps {
		if p.Kind != "process" {
			continue
		}
		switch p.Content {
		case criu.Present.String():
			row.PagesPresent += p.PageCount
		case criu.Parent.String():
			row.PagesParent += p.PageCount
		default:
			row.PagesLazyOnly += p.PageCount
		}
	}
}

// hostColumns fills in what single processes and namespaces tell of the whole.
func (s *set) hostColumns(row *schema.Checkpoint) {
	row.PageSizeSource = ptr("default")
	row.PageSize = ptr(uint32(memory.DefaultPageSize))
	if s.pageSize != 0 {
		row.PageSize, row.PageSizeSource = ptr(s.pageSize), ptr("auxv")
	}
	var uts *uint32
	for _, p := range s.rows.Processes {
		if row.Arch == nil {
			row.Arch = p.Arch
		}
		if uts == nil {
			uts = p.UtsNsID
		}
	}
	var named []schema.Namespace
	for _, n := range s.rows.Namespaces {
		if n.Kind == "uts" && n.Hostname.Text != nil {
			named = append(named, n)
			if uts != nil && n.NamespaceID == *uts {
				row.Hostname = n.Hostname
			}
		}
	}
	if row.Hostname.Text == nil && len(named) == 1 && uts == nil {
		row.Hostname = named[0].Hostname
	}
}
