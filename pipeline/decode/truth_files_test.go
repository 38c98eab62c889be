package decode_test

import (
	"fmt"
	"strings"

	"github.com/ckexport/ckexport/schema"
)

// closeOnExec is how fdinfo shows FD_CLOEXEC among the flags of the open file.
const closeOnExec = 0o2000000

// checkDescriptors compares every descriptor with ls -l of /proc/PID/fd and
// with fdinfo.
func checkDescriptors(s *subject) {
	rows := map[uint32]map[int32]*schema.FileDescriptor{}
	for i := range s.rows.FileDescriptors {
		r := &s.rows.FileDescriptors[i]
		if rows[r.PID] == nil {
			rows[r.PID] = map[int32]*schema.FileDescriptor{}
		}
		rows[r.PID][r.FD] = r
	}
	files := map[uint32]*schema.File{}
	for i := range s.rows.Files {
		files[s.rows.Files[i].FileID] = &s.rows.Files[i]
	}
	s.both(func(p *groundProcess, _ *schema.Process) {
		descriptors := s.truth.descriptors(p)
		for fd, want := range descriptors {
			r := rows[p.PID][fd]
			if r == nil {
				s.differ(p.PID, "file_descriptors.fd", fmt.Sprint(fd), "no such descriptor", want.target)
				continue
			}
			delete(rows[p.PID], fd)
			s.sameDescriptor(p, r, files[r.FileID], want)
		}
		for fd, r := range rows[p.PID] {
			s.differ(p.PID, "file_descriptors.fd", fmt.Sprint(fd), exact(r.Path), "no such descriptor")
		}
	})
}

func (s *subject) sameDescriptor(p *groundProcess, r *schema.FileDescriptor, f *schema.File, want *descriptor) {
	key := fmt.Sprintf("fd %d, %s", r.FD, r.Type)
	if want.access == "?" { // ground.json writes such bytes as text
		want.target = unescapeHex(want.target)
	}
	same(s, p.PID, "file_descriptors.path", key, exact(r.Path), want.target)
	same(s, p.PID, "file_descriptors.deleted", key, r.Deleted, want.deleted)
	if f == nil {
		s.differ(p.PID, "files", key, "no row", want.target)
		return
	}
	if want.access != "?" {
		access := ""
		if r.Access != nil {
			access = *r.Access
		}
		same(s, p.PID, "file_descriptors.access", key, access, want.access)
	}
	if want.info == nil {
		return
	}
	flags := fromOctal(s.t, want.info["flags"])
	same(s, p.PID, "file_descriptors.close_on_exec", key, r.CloseOnExec, flags&closeOnExec != 0)
	known(s, p.PID, "file_descriptors.open_flags", key, r.OpenFlags.Bits, flags&^closeOnExec)
	position := atoi[uint64](s.t, want.info["pos"])
	switch r.Type {
	case "REG", "MEMFD", "BPFMAP", "TUNF":
		known(s, p.PID, "file_descriptors.position", key, r.Position, position)
	default:
		same(s, p.PID, "file_descriptors.position", key, r.Position == nil, true)
	}
	if f.MountID != nil {
		same(s, p.PID, "files.mount_id", key, fmt.Sprint(*f.MountID), want.info["mnt_id"])
	}
	s.sameKind(p, f, key, want)
}

// sameKind compares what fdinfo tells of single kinds.
func (s *subject) sameKind(p *groundProcess, f *schema.File, key string, want *descriptor) {
	switch f.Type {
	case "EVENTFD":
		known(s, p.PID, "files.eventfd_counter", key, f.EventfdCounter, hexadecimal(s.t, want.info["eventfd-count"]))
	case "SIGNALFD":
		known(s, p.PID, "files.signalfd_mask", key, f.SignalfdMask.Bits, hexadecimal(s.t, want.info["sigmask"]))
	case "TIMERFD":
		known(s, p.PID, "files.timerfd_clock", key, f.TimerfdClock.Code, atoi[int64](s.t, want.info["clockid"]))
		known(s, p.PID, "files.timerfd_settime_flags", key, f.TimerfdFlags.Bits, fromOctal(s.t, want.info["settime flags"]))
		var sec, nsec uint64
		if _, err := fmt.Sscanf(want.info["it_interval"], "(%d, %d)", &sec, &nsec); err != nil {
			s.t.Fatalf("%s: it_interval %q: %v", key, want.info["it_interval"], err)
		}
		known(s, p.PID, "files.timerfd_interval_ns", key, f.TimerfdIntervalNS, sec*1e9+nsec)
	case "EVENTPOLL":
		targets := uint32(0)
		for _, line := range want.lines {
			if strings.HasPrefix(line, "tfd:") {
				targets++
			}
		}
		known(s, p.PID, "files.epoll_target_count", key, f.EpollTargets, targets)
	case "INOTIFY":
		watches := uint32(0)
		for _, line := range want.lines {
			if strings.HasPrefix(line, "inotify ") {
				watches++
			}
		}
		known(s, p.PID, "files.watch_count", key, f.WatchCount, watches)
	case "PIPE", "FIFO":
		if f.PipeID == nil {
			s.differ(p.PID, "files.pipe_id", key, "NULL", want.info["ino"])
		} else if f.Type == "PIPE" {
			same(s, p.PID, "files.pipe_id", key, fmt.Sprint(*f.PipeID), want.info["ino"])
		}
	}
}
