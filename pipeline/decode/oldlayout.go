package decode

import (
	"fmt"

	"github.com/checkpoint-restore/go-criu/v8/crit/images/creds"
	core "github.com/checkpoint-restore/go-criu/v8/crit/images/criu-core"
	sa "github.com/checkpoint-restore/go-criu/v8/crit/images/criu-sa"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/eventfd"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/eventpoll"
	extfile "github.com/checkpoint-restore/go-criu/v8/crit/images/ext-file"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/fdinfo"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/fifo"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/fsnotify"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/mm"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/ns"
	packet "github.com/checkpoint-restore/go-criu/v8/crit/images/packet-sock"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/pipe"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/regfile"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/rlimit"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/siginfo"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/signalfd"
	inet "github.com/checkpoint-restore/go-criu/v8/crit/images/sk-inet"
	netlink "github.com/checkpoint-restore/go-criu/v8/crit/images/sk-netlink"
	sockunix "github.com/checkpoint-restore/go-criu/v8/crit/images/sk-unix"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/timer"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/timerfd"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/tty"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/tun"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/vma"
)

// Older versions of CRIU kept in images of their own what newer ones keep in
// files.img, core and mm. What they hold is moved to the newer place, so that
// the tables are the same from either. Source: CRIU criu/files.c, criu/cr-restore.c.

// adoptOldFiles adds open files of the images before files.img, one a kind.
func (s *imageSet) adoptOldFiles(t *fileTable) {
	adopt(s, t, "reg-files", func(m *regfile.RegFileEntry) *fdinfo.FileEntry {
		return &fdinfo.FileEntry{Type: fdinfo.FdTypes_REG.Enum(), Id: m.Id, Reg: m}
	})
	adopt(s, t, "ext-files", func(m *extfile.ExtFileEntry) *fdinfo.FileEntry {
		return &fdinfo.FileEntry{Type: fdinfo.FdTypes_EXT.Enum(), Id: m.Id, Ext: m}
	})
	adopt(s, t, "ns-files", func(m *ns.NsFileEntry) *fdinfo.FileEntry {
		return &fdinfo.FileEntry{Type: fdinfo.FdTypes_NS.Enum(), Id: m.Id, Nsf: m}
	})
	adopt(s, t, "eventfd", func(m *eventfd.EventfdFileEntry) *fdinfo.FileEntry {
		return &fdinfo.FileEntry{Type: fdinfo.FdTypes_EVENTFD.Enum(), Id: m.Id, Efd: m}
	})
	adopt(s, t, "eventpoll", func(m *eventpoll.EventpollFileEntry) *fdinfo.FileEntry {
		return &fdinfo.FileEntry{Type: fdinfo.FdTypes_EVENTPOLL.Enum(), Id: m.Id, Epfd: m}
	})
	adopt(s, t, "signalfd", func(m *signalfd.SignalfdEntry) *fdinfo.FileEntry {
		return &fdinfo.FileEntry{Type: fdinfo.FdTypes_SIGNALFD.Enum(), Id: m.Id, Sgfd: m}
	})
	adopt(s, t, "inotify", func(m *fsnotify.InotifyFileEntry) *fdinfo.FileEntry {
		return &fdinfo.FileEntry{Type: fdinfo.FdTypes_INOTIFY.Enum(), Id: m.Id, Ify: m}
	})
	adopt(s, t, "fanotify", func(m *fsnotify.FanotifyFileEntry) *fdinfo.FileEntry {
		return &fdinfo.FileEntry{Type: fdinfo.FdTypes_FANOTIFY.Enum(), Id: m.Id, Ffy: m}
	})
	adopt(s, t, "pipes", func(m *pipe.PipeEntry) *fdinfo.FileEntry {
		return &fdinfo.FileEntry{Type: fdinfo.FdTypes_PIPE.Enum(), Id: m.Id, Pipe: m}
	})
	adopt(s, t, "fifo", func(m *fifo.FifoEntry) *fdinfo.FileEntry {
		return &fdinfo.FileEntry{Type: fdinfo.FdTypes_FIFO.Enum(), Id: m.Id, Fifo: m}
	})
	adopt(s, t, "unixsk", func(m *sockunix.UnixSkEntry) *fdinfo.FileEntry {
		return &fdinfo.FileEntry{Type: fdinfo.FdTypes_UNIXSK.Enum(), Id: m.Id, Usk: m}
	})
	adopt(s, t, "inetsk", func(m *inet.InetSkEntry) *fdinfo.FileEntry {
		return &fdinfo.FileEntry{Type: fdinfo.FdTypes_INETSK.Enum(), Id: m.Id, Isk: m}
	})
	adopt(s, t, "packetsk", func(m *packet.PacketSockEntry) *fdinfo.FileEntry {
		return &fdinfo.FileEntry{Type: fdinfo.FdTypes_PACKETSK.Enum(), Id: m.Id, Psk: m}
	})
	adopt(s, t, "netlinksk", func(m *netlink.NetlinkSkEntry) *fdinfo.FileEntry {
		return &fdinfo.FileEntry{Type: fdinfo.FdTypes_NETLINKSK.Enum(), Id: m.Id, Nlsk: m}
	})
	adopt(s, t, "tty", func(m *tty.TtyFileEntry) *fdinfo.FileEntry {
		return &fdinfo.FileEntry{Type: fdinfo.FdTypes_TTY.Enum(), Id: m.Id, Tty: m}
	})
	adopt(s, t, "tunfile", func(m *tun.TunfileEntry) *fdinfo.FileEntry {
		return &fdinfo.FileEntry{Type: fdinfo.FdTypes_TUNF.Enum(), Id: m.Id, Tunf: m}
	})
	adopt(s, t, "timerfd", func(m *timerfd.TimerfdEntry) *fdinfo.FileEntry {
		return &fdinfo.FileEntry{Type: fdinfo.FdTypes_TIMERFD.Enum(), Id: m.Id, Tfd: m}
	})
	s.adoptOldWatches(t)
}

// adopt adds the files of one image of the older layout.
func adopt[T any, P messageOf[T]](s *imageSet, t *fileTable, name string, wrap func(P) *fdinfo.FileEntry) {
	each(s, s.image(name+".img"), func(_ *entry, m P) { s.addFile(t, wrap(m)) })
}

// adoptOldWatches adds what watchers watch, which names them by their id.
func (s *imageSet) adoptOldWatches(t *fileTable) {
	watcher := func(id uint32, image string) *fdinfo.FileEntry {
		if f := t.byID[id]; f != nil {
			return f.entry
		}
		s.dangling("files", fmt.Sprintf("file_id=%d", id), "watcher of "+image, uint64(id))
		return nil
	}
	each(s, s.image("eventpoll-tfd.img"), func(_ *entry, m *eventpoll.EventpollTfdEntry) {
		if e := watcher(m.GetId(), "eventpoll-tfd").GetEpfd(); e != nil {
			e.Tfd = append(e.Tfd, m)
		}
	})
	each(s, s.image("inotify-wd.img"), func(_ *entry, m *fsnotify.InotifyWdEntry) {
		if e := watcher(m.GetId(), "inotify-wd").GetIfy(); e != nil {
			e.Wd = append(e.Wd, m)
		}
	})
	each(s, s.image("fanotify-mark.img"), func(_ *entry, m *fsnotify.FanotifyMarkEntry) {
		if e := watcher(m.GetId(), "fanotify-mark").GetFfy(); e != nil {
			e.Mark = append(e.Mark, m)
		}
	})
}

// adoptOldCores completes cores from images per process or thread. What a core
// holds already counts.
func (s *imageSet) adoptOldCores(cores map[uint32]*core.CoreEntry) {
	for _, img := range s.ofKind("CREDS") {
		if t := threadCore(cores, img); t != nil && t.Creds == nil {
			t.Creds = oneOf[creds.CredsEntry](s, img)
		}
	}
	for _, img := range s.ofKind("SIGACT") {
		if t := taskCore(cores, img); t != nil && t.Sigactions == nil {
			each(s, img, func(_ *entry, m *sa.SaEntry) { t.Sigactions = append(t.Sigactions, m) })
		}
	}
	for _, img := range s.ofKind("RLIMIT") {
		if t := taskCore(cores, img); t != nil && t.Rlimits == nil {
			t.Rlimits = &core.TaskRlimitsEntry{}
			each(s, img, func(_ *entry, m *rlimit.RlimitEntry) { t.Rlimits.Rlimits = append(t.Rlimits.Rlimits, m) })
		}
	}
	s.adoptOldTimers(cores)
	for _, img := range s.ofKind("SIGNAL") {
		if t := taskCore(cores, img); t != nil && t.SignalsS == nil {
			t.SignalsS = s.oldSignals(img)
		}
	}
	for _, img := range s.ofKind("PSIGNAL") {
		if t := threadCore(cores, img); t != nil && t.SignalsP == nil {
			t.SignalsP = s.oldSignals(img)
		}
	}
}

// adoptOldMappings completes address spaces with the mappings that stood in
// images of their own.
func (s *imageSet) adoptOldMappings(spaces map[uint32]*mm.MmEntry) {
	for _, img := range s.ofKind("VMAS") {
		if space := spaces[uint32(img.number)]; space != nil && space.Vmas == nil {
			each(s, img, func(_ *entry, m *vma.VmaEntry) { space.Vmas = append(space.Vmas, m) })
		}
	}
}

// adoptOldTimers adds interval timers, which stand in the order real, virtual,
// profiling, and POSIX timers.
func (s *imageSet) adoptOldTimers(cores map[uint32]*core.CoreEntry) {
	for _, img := range s.ofKind("ITIMERS") {
		t := taskCore(cores, img)
		if t == nil || t.Timers != nil {
			continue
		}
		t.Timers = &timer.TaskTimersEntry{}
		places := []**timer.ItimerEntry{&t.Timers.Real, &t.Timers.Virt, &t.Timers.Prof}
		each(s, img, func(e *entry, m *timer.ItimerEntry) {
			if e.index < len(places) {
				*places[e.index] = m
			}
		})
	}
	for _, img := range s.ofKind("POSIX_TIMERS") {
		t := taskCore(cores, img)
		if t == nil || t.GetTimers().GetPosix() != nil {
			continue
		}
		if t.Timers == nil {
			t.Timers = &timer.TaskTimersEntry{}
		}
		each(s, img, func(_ *entry, m *timer.PosixTimerEntry) { t.Timers.Posix = append(t.Timers.Posix, m) })
	}
}

func (s *imageSet) oldSignals(img *image) *siginfo.SignalQueueEntry {
	q := &siginfo.SignalQueueEntry{}
	each(s, img, func(_ *entry, m *siginfo.SiginfoEntry) { q.Signals = append(q.Signals, m) })
	return q
}

// taskCore returns the process part of the core that an image belongs to, nil
// if there is none.
func taskCore(cores map[uint32]*core.CoreEntry, img *image) *core.TaskCoreEntry {
	return cores[uint32(img.number)].GetTc()
}

// threadCore returns the thread part of the core that an image belongs to.
func threadCore(cores map[uint32]*core.CoreEntry, img *image) *core.ThreadCoreEntry {
	c := cores[uint32(img.number)]
	if c == nil {
		return nil
	}
	if c.ThreadCore == nil {
		c.ThreadCore = &core.ThreadCoreEntry{}
	}
	return c.ThreadCore
}
