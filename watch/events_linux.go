package watch

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// events hears of changes in folders, by inotify. A nil one hears of none.
type events struct {
	inotify *os.File
	changed chan struct{}

	mu      sync.Mutex
	folders map[int]string  // by watch descriptor
	open    map[string]bool // files that were written to, and are not closed
}

const heardOf = unix.IN_CREATE | unix.IN_MODIFY | unix.IN_CLOSE_WRITE | unix.IN_MOVED_FROM | unix.IN_MOVED_TO | unix.IN_DELETE |
	unix.IN_EXCL_UNLINK | unix.IN_ONLYDIR

// newEvents begins to hear of changes in folders, with all below.
func newEvents(folders []string) (*events, error) {
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return nil, fmt.Errorf("setting up inotify: %w", err)
	}
	e := &events{inotify: os.NewFile(uintptr(fd), "inotify"), changed: make(chan struct{}, 1), folders: map[int]string{}, open: map[string]bool{}}
	for _, folder := range folders {
		abs, err := filepath.Abs(folder)
		if err == nil {
			err = e.add(abs)
		}
		if err != nil {
			return nil, errors.Join(err, e.inotify.Close())
		}
	}
	go e.listen()
	return e, nil
}

// add hears of changes in a folder too, with all below.
func (e *events) add(root string) error {
	// the separator makes a link to a folder be followed
	return filepath.WalkDir(root+string(filepath.Separator), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return nil // a look through the folders tells of it
		}
		path = filepath.Clean(path)
		wd, err := e.addOne(path)
		if errors.Is(err, unix.ENOSPC) {
			return fmt.Errorf("watching %q: more folders than fs.inotify.max_user_watches allows", path)
		}
		if err == nil { // else it has gone, or may not be read
			e.mu.Lock()
			e.folders[wd] = path
			e.mu.Unlock()
		}
		return nil
	})
}

// addOne hears of changes in one folder.
func (e *events) addOne(path string) (wd int, err error) {
	conn, err := e.inotify.SyscallConn()
	if err != nil {
		return 0, err
	}
	unusable := conn.Control(func(fd uintptr) { wd, err = unix.InotifyAddWatch(int(fd), path, heardOf) })
	return wd, errors.Join(unusable, err)
}

// again sees to folders that have been replaced, or were not there.
func (e *events) again(folders []string) {
	if e == nil {
		return
	}
	for _, folder := range folders {
		if abs, err := filepath.Abs(folder); err == nil {
			_ = e.add(abs) // what can't be heard of is looked through
		}
	}
}

// heard tells of changes; several may be one.
func (e *events) heard() <-chan struct{} {
	if e == nil {
		return nil
	}
	return e.changed
}

// isOpen reports whether someone writes to a file, or to one below a folder: who
// has written since the watch began, and has not closed it.
func (e *events) isOpen(name string) bool {
	if e == nil {
		return false
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.open[name] {
		return true
	}
	for path := range e.open {
		if strings.HasPrefix(path, name+string(filepath.Separator)) {
			return true
		}
	}
	return false
}

func (e *events) close() {
	if e != nil {
		e.inotify.Close() // which ends listen
	}
}

// listen takes in events until the inotify instance is closed.
func (e *events) listen() {
	buf := make([]byte, 64<<10)
	for {
		n, err := e.inotify.Read(buf)
		if err != nil {
			return
		}
		for rest := buf[:n]; len(rest) >= unix.SizeofInotifyEvent; {
			wd, mask := int(int32(binary.NativeEndian.Uint32(rest))), binary.NativeEndian.Uint32(rest[4:])
			end := unix.SizeofInotifyEvent + int(binary.NativeEndian.Uint32(rest[12:]))
			if end > len(rest) {
				break
			}
			name, _, _ := strings.Cut(string(rest[unix.SizeofInotifyEvent:end]), "\x00")
			e.event(wd, mask, name)
			rest = rest[end:]
		}
		select {
		case e.changed <- struct{}{}:
		default: // it is known already
		}
	}
}

// event takes in one event.
func (e *events) event(wd int, mask uint32, name string) {
	e.mu.Lock()
	path := filepath.Join(e.folders[wd], name)
	switch {
	case mask&unix.IN_Q_OVERFLOW != 0:
		clear(e.open) // some may have been closed unheard
	case mask&unix.IN_IGNORED != 0:
		delete(e.folders, wd)
	case mask&unix.IN_MODIFY != 0: // not IN_CREATE: what is linked here is never closed
		e.open[path] = true
	case mask&(unix.IN_CLOSE_WRITE|unix.IN_MOVED_FROM|unix.IN_DELETE) != 0:
		delete(e.open, path)
	}
	e.mu.Unlock()
	if mask&unix.IN_ISDIR != 0 && mask&(unix.IN_CREATE|unix.IN_MOVED_TO) != 0 {
		_ = e.add(path) // without it, it is looked through as often as Rescan says
	}
}
