package extract

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"os"
)

// staged is a file that has no name of its own yet.
type staged struct {
	folder  *Folder
	session *session
	file    *os.File // nil while it is closed, see open
	name    string   // empty once it has its own, or is gone
	sum     hash.Hash
	size    int64
	limit   error // why it is not whole
}

// zeroBlock is what is left out of files as a hole.
var zeroBlock [4 << 10]byte

// Write appends to the content; blocks of zeros become holes. It never fails, as
// the archive must be read on: the session keeps the error.
func (s *staged) Write(p []byte) (int, error) {
	if s.session.err != nil || s.limit != nil {
		return len(p), nil
	}
	if s.limit = s.session.spend(len(p)); s.limit != nil {
		return len(p), nil
	}
	s.sum.Write(p) //nolint:errcheck // a hash does not fail
	if err := s.store(p); err != nil {
		s.session.err = err
	}
	return len(p), nil
}

// store writes what is not zeros behind what there is.
func (s *staged) store(p []byte) error {
	for len(p) > 0 {
		n, isHole := likeBlocks(p, int(s.size%int64(len(zeroBlock))))
		if !isHole {
			file, err := s.open()
			if err != nil {
				return err
			}
			if _, err := file.WriteAt(p[:n], s.size); err != nil {
				return err
			}
		}
		s.size, p = s.size+int64(n), p[n:]
	}
	return nil
}

// likeBlocks returns how many bytes the data begins with of blocks that are all
// zeros, or all not; at is where in a block it begins.
func likeBlocks(data []byte, at int) (n int, isHole bool) {
	for n < len(data) {
		end := min(n+len(zeroBlock)-at, len(data))
		zero := bytes.Equal(data[n:end], zeroBlock[:end-n])
		if n > 0 && zero != isHole {
			break
		}
		n, at, isHole = end, 0, zero
	}
	return n, isHole
}

// settle ends the content, and returns its size and SHA-256.
func (s *staged) settle() (size uint64, sum string, err error) {
	file, err := s.open()
	if err != nil {
		return 0, "", err
	}
	if err := file.Truncate(s.size); err != nil { // it may end in a hole
		return 0, "", err
	}
	return uint64(s.size), hex.EncodeToString(s.sum.Sum(nil)), nil
}

// open returns the file. An archive may have more files than a process may have
// open, so the session closes those that it opened longest ago.
func (s *staged) open() (*os.File, error) {
	if s.file != nil {
		return s.file, nil
	}
	var err error
	if s.file, err = s.folder.root.OpenFile(s.name, os.O_RDWR, 0); err != nil {
		s.file = nil
		return nil, fmt.Errorf("going on with a file: %w", err)
	}
	return s.file, s.session.opened(s)
}

// giveName gives the file its name, which must be free.
func (s *staged) giveName(name string) error {
	root := s.folder.root
	err := root.Link(s.name, name)
	switch {
	case err == nil:
		return s.remove()
	case errors.Is(err, fs.ErrExist):
		return err
	}
	if _, err := root.Lstat(name); !errors.Is(err, fs.ErrNotExist) {
		return &fs.PathError{Op: "naming", Path: name, Err: fs.ErrExist}
	}
	err = root.Rename(s.name, name) // there are file systems without links
	s.name = ""
	return errors.Join(err, s.close())
}

func (s *staged) close() error {
	if s.file == nil {
		return nil
	}
	file := s.file
	s.file = nil
	return file.Close()
}

// remove removes the file under the name it began with.
func (s *staged) remove() error {
	if s.name == "" {
		return nil
	}
	name := s.name
	s.name = ""
	return errors.Join(s.close(), s.folder.root.Remove(name))
}

// hole appends zeros.
func (s *staged) hole(n uint64) {
	for n > 0 {
		part := min(n, uint64(len(zeroBlock)))
		s.sum.Write(zeroBlock[:part]) //nolint:errcheck // a hash does not fail
		s.size, n = s.size+int64(part), n-part
	}
}
