package redact

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// keyBytes is the length of a key.
const keyBytes = 32

// Key makes values unreadable and keeps equal ones equal.
type Key struct{ secret [keyBytes]byte }

// Fingerprint tells keys apart and gives nothing of them away.
func (k *Key) Fingerprint() string {
	mac := hmac.New(sha256.New, k.secret[:])
	mac.Write([]byte("fingerprint of a redaction key of ckexport\x00"))
	return hex.EncodeToString(mac.Sum(nil)[:8])
}

// OpenKey reads the key at path, and makes one there if there is none. A file
// that is there is never written to. It fails where the file is no key, or not
// its owner's alone.
func OpenKey(path string) (*Key, error) {
	for range 3 { // another run may make or clean up at the same time
		key, err := ReadKey(path)
		if !errors.Is(err, fs.ErrNotExist) {
			return key, err
		}
		err = makeKey(path)
		if err != nil && !errors.Is(err, fs.ErrExist) && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("making redaction key: %w", err)
		}
	}
	return nil, fmt.Errorf("redaction key %q: there is none, and none can be made: its folder does not exist, or it is a link to nothing", path)
}

// ReadKey reads the key at path. The error wraps fs.ErrNotExist where there is
// none.
func ReadKey(path string) (*Key, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) // opening a FIFO would wait for ever
	if err != nil {
		return nil, fmt.Errorf("reading redaction key: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("reading redaction key: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("redaction key %q: is not a file", path)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return nil, fmt.Errorf("redaction key %q: others than its owner may use it (mode %04o); chmod 600 it, or take another if they did", path, mode)
	}
	text, err := io.ReadAll(io.LimitReader(f, 2*keyBytes+3))
	if err != nil {
		return nil, fmt.Errorf("reading redaction key: %w", err)
	}
	k := &Key{}
	text = bytes.TrimRight(text, "\r\n")
	if len(text) != 2*keyBytes {
		return nil, fmt.Errorf("redaction key %q: is not a key: want %d hexadecimal digits on one line", path, 2*keyBytes)
	}
	if _, err := hex.Decode(k.secret[:], text); err != nil { // the error would quote the key
		return nil, fmt.Errorf("redaction key %q: is not a key: want %d hexadecimal digits on one line", path, 2*keyBytes)
	}
	return k, nil
}

// makeKey makes a key file, durable and complete from the first moment that it
// has its name. It fails with fs.ErrExist if there is one. What a killed run
// leaves of it is cleaned up with the rest that lies beside an output.
func makeKey(path string) (err error) {
	k := &Key{}
	if _, err := rand.Read(k.secret[:]); err != nil {
		return err
	}
	dir, base := filepath.Split(path)
	if dir == "" {
		dir = "."
	}
	made := filepath.Join(dir, "."+base+"-"+k.Fingerprint()+".tmp")
	f, err := os.OpenFile(made, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if removeErr := os.Remove(made); !errors.Is(removeErr, fs.ErrNotExist) {
			err = errors.Join(err, removeErr)
		}
	}()
	err = f.Chmod(0o600)
	if err == nil {
		_, err = f.WriteString(hex.EncodeToString(k.secret[:]) + "\n")
	}
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := os.Link(made, path); errors.Is(err, fs.ErrExist) || errors.Is(err, fs.ErrNotExist) {
		return err
	} else if err != nil { // a file system without hard links
		if err := copyKey(made, path); err != nil {
			return err
		}
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// copyKey copies a key file to a name that must be new.
func copyKey(from, to string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Chmod(0o600), f.Sync(), f.Close())
}
