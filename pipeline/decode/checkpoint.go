package decode

import (
	"cmp"
	"iter"
	"path/filepath"
	"slices"
	"time"

	"github.com/checkpoint-restore/go-criu/v8/crit/images/pstree"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/stats"

	"github.com/ckexport/ckexport/lazyregexp"
	"github.com/ckexport/ckexport/pipeline/criu"
	"github.com/ckexport/ckexport/pipeline/memory"
	"github.com/ckexport/ckexport/schema"
)

// decodeCheckpoint fills checkpoints, from what all the others found.
func (s *imageSet) decodeCheckpoint() {
	c := s.containerInfo()
	row := schema.Checkpoint{
		Source: s.source, ArchiveName: filepath.Base(s.source), ImageDir: plain(s.dir), Engine: c.engine, Labels: s.decoder.Labels,
		ContainerName: c.name(), ContainerID: nonEmpty(c.config.ID), Image: nonEmpty(c.config.Image), Runtime: nonEmpty(c.config.Runtime),
		ImageID:        nonEmpty(cmp.Or(c.config.ImageRef, c.config.ImageID)),
		PodName:        c.firstAnnotation("io.kubernetes.pod.name", "io.kubernetes.cri.sandbox-name"),
		PodNamespace:   c.firstAnnotation("io.kubernetes.pod.namespace", "io.kubernetes.cri.sandbox-namespace"),
		PodUID:         c.firstAnnotation("io.kubernetes.pod.uid", "io.kubernetes.cri.sandbox-uid"),
		PodSandboxID:   nonEmpty(c.config.Pod),
		Attempt:        c.attempt(),
		CreatedAt:      optionalWhen(c.config.CreatedAt),
		CheckpointedAt: optionalWhen(c.config.CheckpointedAt),
		RestoredAt:     optionalWhen(c.config.RestoredAt),
		Restored:       c.config.Restored,
		DumpedAt:       s.dumpedAt, CheckpointBytes: s.folderBytes[s.dir], MemoryPagesBytes: s.pagesBytes,
		DumpKind: s.dumpKind(), ParentLink: plainPtr(s.parentLink), ByteOrder: s.byteOrder(),
		CRIUVersion: s.logFacts.version, CRIUGitID: s.logFacts.gitID, KernelRelease: s.logFacts.kernelRelease, KernelVersion: s.logFacts.kernelVersion,
		HostNodename: s.logFacts.nodename,
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
	for _, n := range s.containerNetworks() {
		if n.Address.Text != nil {
			row.IPAddresses = append(row.IPAddresses, *n.Address.Text)
		}
	}
	s.dockerColumns(&row)
	kubeletColumns(&row)
	s.inventoryColumns(&row)
	s.statisticsColumns(&row)
	s.countColumns(&row)
	s.hostColumns(&row)
	s.packagingColumns(&row)
	s.taskColumns(&row)
	s.manifestColumns(&row)
	if s.decoder.plan.tables["checkpoints"] {
		s.rows.Checkpoints = append(s.rows.Checkpoints, row) // also where the archive may take no more memory
	}
}

// dumpKind tells a full checkpoint from one that lacks parts on purpose.
func (s *imageSet) dumpKind() string {
	if s.inventory() == nil {
		return "unknown"
	}
	var runs [3]int // by content
	for _, maps := range []iter.Seq2[*image, *criu.Pagemap]{s.sharedPagemaps(), s.processPagemaps()} {
		for _, p := range maps {
			for i := range p.Runs {
				runs[p.Runs[i].Content()]++
			}
		}
	}
	switch {
	case len(s.tree()) == 0 && len(s.cores()) == 0:
		return "predump"
	case runs[criu.Parent] > 0 || s.parentLink != nil:
		return "incremental"
	case runs[criu.Lazy] > 0 && runs[criu.Present] == 0:
		return "lazy"
	}
	return "full"
}

// kubeletName is how kubelet names archives: the pod's name ends at the first
// underscore, the time is at the end. Source: Kubernetes
// pkg/kubelet/kubelet.go, CheckpointContainer.
var kubeletName = lazyregexp.New(`^checkpoint-([^_]+)_(.+)-(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d))\.tar(?:\.\w+)?$`)

// kubeletColumns fills in what the name of the archive says, if kubelet gave it.
func kubeletColumns(row *schema.Checkpoint) {
	m := kubeletName().FindStringSubmatch(row.ArchiveName)
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

func (s *imageSet) inventoryColumns(row *schema.Checkpoint) {
	i := s.inventory()
	if i == nil {
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
func (s *imageSet) statisticsColumns(row *schema.Checkpoint) {
	if r := oneOf[stats.StatsEntry](s, s.serviceImage("stats-restore")).GetRestore(); r != nil {
		row.RestoreForkingUS, row.RestoreUS = r.ForkingTime, r.RestoreTime
		row.RestorePagesCompared, row.RestorePagesSkippedCOW, row.RestorePagesRestored = r.PagesCompared, r.PagesSkippedCow, r.PagesRestored
	}
	d := oneOf[stats.StatsEntry](s, s.serviceImage("stats-dump")).GetDump()
	if d == nil {
		return
	}
	row.FreezingUS, row.FrozenUS, row.MemdumpUS, row.MemwriteUS, row.IrmapResolveUS = d.FreezingTime, d.FrozenTime, d.MemdumpTime, d.MemwriteTime, d.IrmapResolve
	row.PagesScanned, row.PagesSkippedParent, row.PagesWritten, row.PagesLazy = d.PagesScanned, d.PagesSkippedParent, d.PagesWritten, d.PagesLazy
	row.PagePipes, row.PagePipeBufs = d.PagePipes, d.PagePipeBufs
	row.ShpagesScanned, row.ShpagesSkipped, row.ShpagesWritten = d.ShpagesScanned, d.ShpagesSkippedParent, d.ShpagesWritten
}

// countColumns counts what the other tables have rows of.
func (s *imageSet) countColumns(row *schema.Checkpoint) {
	for _, p := range s.tree() {
		row.VMACount += uint32(len(s.spaces()[p.GetPid()].GetVmas()))
		if isDead(s.cores()[p.GetPid()]) {
			row.ZombieCount++
		} else {
			row.ThreadCount += uint32(len(liveThreads(p)))
		}
	}
	if i := slices.IndexFunc(s.tree(), func(p *pstree.PstreeEntry) bool { return p.GetPpid() == 0 }); i >= 0 {
		row.RootPID = ptr(s.tree()[i].GetPid())
	}
	for _, f := range s.files().order {
		if isSocket(f.entry) {
			row.SocketCount++
		}
	}
	row.ProcessCount, row.FileCount, row.MountCount = uint32(len(s.tree())), uint32(len(s.files().order)), uint32(len(s.mounts().mounts))
	for _, p := range s.processPagemaps() {
		counts := p.Totals()
		row.ProcessPagesPresent += counts[criu.Present]
		row.ProcessPagesParent += counts[criu.Parent]
		row.ProcessPagesLazyOnly += counts[criu.Lazy]
	}
}

// hostColumns fills in what single processes and namespaces tell of the whole.
func (s *imageSet) hostColumns(row *schema.Checkpoint) {
	row.PageSizeSource = ptr("default")
	row.PageSize = ptr(uint32(memory.DefaultPageSize))
	if s.pageSize() != 0 {
		row.PageSize, row.PageSizeSource = ptr(s.pageSize()), ptr("auxv")
	}
	var uts *uint32
	for _, p := range s.tree() {
		if c := s.cores()[p.GetPid()]; c != nil && row.Arch == nil {
			row.Arch = archName(c)
		}
		if ids := s.kernelIDs(p.GetPid()); ids != nil && uts == nil {
			uts = ids.UtsNsId
		}
	}
	var named []schema.Namespace
	for _, n := range s.namespaces() {
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
