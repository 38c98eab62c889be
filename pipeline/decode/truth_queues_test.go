package decode_test

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/ckexport/ckexport/schema"
)

// checkWatches compares what epolls and inotifies watch, and locks on files,
// with the lines of fdinfo.
func checkWatches(s *subject) {
	fileOf := map[string]uint32{} // by pid and descriptor
	for _, d := range s.rows.FileDescriptors {
		fileOf[fmt.Sprintf("%d/%d", d.PID, d.FD)] = d.FileID
	}
	targets, watches, locks := map[uint32][]schema.EpollTarget{}, map[uint32][]schema.FileWatch{}, map[string][]string{}
	for _, r := range s.rows.EpollTargets {
		targets[r.EpollFileID] = append(targets[r.EpollFileID], r)
	}
	for _, r := range s.rows.FileWatches {
		watches[r.FileID] = append(watches[r.FileID], r)
	}
	for _, r := range s.rows.FileLocks {
		key := fmt.Sprintf("%d/%d", r.PID, r.FD)
		locks[key] = append(locks[key], lockText(r))
	}
	s.both(func(p *groundProcess, _ *schema.Process) {
		for fd, d := range s.truth.descriptors(p) {
			key := fmt.Sprintf("%d/%d", p.PID, fd)
			file, ok := fileOf[key]
			if !ok || d.info == nil {
				continue
			}
			var wantLocks []string
			tfd, wd := 0, 0
			for _, line := range d.lines {
				switch {
				case strings.HasPrefix(line, "tfd:"):
					s.sameTarget(p, key, file, tfd, targets[file], line, fileOf)
					tfd++
				case strings.HasPrefix(line, "inotify "):
					s.sameWatch(p, key, wd, watches[file], line)
					wd++
				case strings.HasPrefix(line, "lock:"):
					f := strings.Fields(line)
					wantLocks = append(wantLocks, strings.Join([]string{f[2], f[4], f[7], f[8]}, " "))
				}
			}
			same(s, p.PID, "epoll_targets", key, len(targets[file]), tfd)
			same(s, p.PID, "file_watches", key, len(watches[file]), wd)
			if len(s.rows.FileLocks) > 0 { // CRIU keeps them on demand only
				sameList(s, p.PID, "file_locks", key, locks[key], wantLocks)
			}
		}
	})
}

// lockText writes a lock as /proc/locks does.
func lockText(r schema.FileLock) string {
	kind := map[string]string{"OFD": "OFDLCK"}[*r.Kind.Name]
	if kind == "" {
		kind = *r.Kind.Name
	}
	end := "EOF"
	if r.Length != 0 {
		end = fmt.Sprint(r.Start + r.Length - 1)
	}
	return fmt.Sprintf("%s %s %d %s", kind, map[string]string{"RDLCK": "READ", "WRLCK": "WRITE"}[*r.Type.Name], r.Start, end)
}

func (s *subject) sameTarget(p *groundProcess, key string, epoll uint32, position int, rows []schema.EpollTarget, line string, fileOf map[string]uint32) {
	var fd uint32
	var events, data, inode, device uint64
	var pos int64
	if _, err := fmt.Sscanf(line, "tfd: %d events: %x data: %x pos:%d ino:%x sdev:%x", &fd, &events, &data, &pos, &inode, &device); err != nil {
		s.t.Fatalf("%q: %v", line, err)
	}
	key = fmt.Sprintf("%s tfd %d", key, fd)
	if position >= len(rows) {
		s.differ(p.PID, "epoll_targets", key, "no row", line)
		return
	}
	r := rows[position]
	same(s, p.PID, "epoll_targets.target_fd", key, r.TargetFD, fd)
	known(s, p.PID, "epoll_targets.events", key, r.Events.Bits, events)
	same(s, p.PID, "epoll_targets.data", key, r.Data, data)
	known(s, p.PID, "epoll_targets.target_position", key, r.TargetPosition, uint64(pos))
	known(s, p.PID, "epoll_targets.target_inode", key, r.TargetInode, inode)
	known(s, p.PID, "epoll_targets.target_device", key, r.TargetDevice.Raw, uint32(device))
	known(s, p.PID, "epoll_targets.target_file_id", key, r.TargetFileID, fileOf[fmt.Sprintf("%d/%d", p.PID, fd)])
}

func (s *subject) sameWatch(p *groundProcess, key string, position int, rows []schema.FileWatch, line string) {
	var wd, device, length, kind uint32
	var inode, mask, ignored uint64
	var handle string
	if _, err := fmt.Sscanf(line, "inotify wd:%x ino:%x sdev:%x mask:%x ignored_mask:%x fhandle-bytes:%x fhandle-type:%x f_handle:%s",
		&wd, &inode, &device, &mask, &ignored, &length, &kind, &handle); err != nil {
		s.t.Fatalf("%q: %v", line, err)
	}
	key = fmt.Sprintf("%s watch %d", key, wd)
	if position >= len(rows) {
		s.differ(p.PID, "file_watches", key, "no row", line)
		return
	}
	r := rows[position]
	known(s, p.PID, "file_watches.watch_descriptor", key, r.WatchDescriptor, wd)
	known(s, p.PID, "file_watches.inode", key, r.Inode, inode)
	known(s, p.PID, "file_watches.device", key, r.Device.Raw, device)
	known(s, p.PID, "file_watches.mask", key, r.Mask.Bits, mask)
	known(s, p.PID, "file_watches.ignored_mask", key, r.IgnoredMask.Bits, ignored)
	known(s, p.PID, "file_watches.handle_bytes", key, r.HandleBytes, length)
	known(s, p.PID, "file_watches.handle_type", key, r.HandleType, kind)
	same(s, p.PID, "file_watches.handle", key, hex.EncodeToString(r.Handle), handle)
}

// checkSocketQueues compares what waits in unix sockets with ss -x: of a
// datagram socket that shows the first packet, of others the sum.
func checkSocketQueues(s *subject) {
	text, ok := s.truth.file("ss-xanp.txt")
	if !ok {
		return
	}
	rows, held := s.socketsByInode(), s.heldSockets()
	waiting := map[uint32][]uint32{}
	for _, q := range s.rows.SocketQueues {
		same(s, 0, "socket_queues.queue_position", fmt.Sprint(q.Position), q.QueuePosition, uint32(len(waiting[q.FileID])))
		waiting[q.FileID] = append(waiting[q.FileID], q.Size)
	}
	for line := range strings.Lines(text) {
		before, _, found := strings.Cut(line, " users:")
		f := strings.Fields(before)
		if !found || len(f) < 8 || !strings.HasPrefix(f[0], "u_") || f[1] == "LISTEN" {
			continue
		}
		inode := f[len(f)-3]
		r := rows[inode]
		if held[inode] == nil || r == nil {
			continue
		}
		sizes := waiting[r.FileID]
		if f[0] == "u_dgr" && len(sizes) > 1 {
			sizes = sizes[:1]
		}
		var sum uint32
		for _, n := range sizes {
			sum += n
		}
		same(s, 0, "socket_queues.size_bytes", "socket "+inode, sum, atoi[uint32](s.t, f[2]))
	}
}

// checkIPCObjects compares SysV objects with ipcs.
func checkIPCObjects(s *subject) {
	text, ok := s.truth.file("ipcs-detail.txt")
	if !ok || s.isMemoryOnly() {
		return
	}
	rows := map[string]*schema.IPCObject{}
	for i := range s.rows.IPCObjects {
		r := &s.rows.IPCObjects[i]
		rows[fmt.Sprintf("%s %d", r.Kind, r.ID)] = r
	}
	uids, gids := s.idMaps()
	var header []string
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) > 1 && f[0] == "key" {
			header = f
			continue
		}
		if len(f) != len(header) || len(f) == 0 {
			continue
		}
		column := func(name string) string { return f[slices.Index(header, name)] }
		key := map[string]string{"shmid": "shm ", "semid": "sem ", "msqid": "msg "}[header[1]] + f[1]
		r := rows[key]
		if r == nil {
			s.differ(0, "ipc_objects", key, "no row", line)
			continue
		}
		delete(rows, key)
		same(s, 0, "ipc_objects.key", key, r.Key, uint32(atoi[int32](s.t, column("key"))))
		same(s, 0, "ipc_objects.mode", key, r.Mode&0o777, uint32(fromOctal(s.t, column("perms"))))
		same(s, 0, "ipc_objects.uid", key, r.UID, inside(uids, numbers(s, column("uid")))[0])
		same(s, 0, "ipc_objects.gid", key, r.GID, inside(gids, numbers(s, column("gid")))[0])
		same(s, 0, "ipc_objects.creator_uid", key, r.CreatorUID, inside(uids, numbers(s, column("cuid")))[0])
		same(s, 0, "ipc_objects.creator_gid", key, r.CreatorGID, inside(gids, numbers(s, column("cgid")))[0])
		switch r.Kind {
		case "shm":
			known(s, 0, "ipc_objects.segment_bytes", key, r.SegmentBytes, atoi[uint64](s.t, column("size")))
		case "sem":
			known(s, 0, "ipc_objects.semaphore_count", key, r.SemaphoreCount, atoi[uint32](s.t, column("nsems")))
			same(s, 0, "ipc_objects.semaphore_values", key, fmt.Sprint(len(r.SemaphoreValues)), column("nsems"))
		case "msg":
			known(s, 0, "ipc_objects.message_count", key, r.MessageCount, atoi[uint32](s.t, column("qnum")))
			same(s, 0, "ipc_objects.message_sizes", key, fmt.Sprint(len(r.MessageSizes)), column("qnum"))
			known(s, 0, "ipc_objects.size_bytes", key, r.Size, atoi[uint64](s.t, column("cbytes")))
		}
	}
	for key := range rows {
		s.differ(0, "ipc_objects", key, "a row", "no such object")
	}
}
