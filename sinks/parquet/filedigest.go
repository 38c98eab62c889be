package parquet

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
)

// An output that is one file has no manifest for its SHA-256, so that stands
// in its footer: a digest of the file with zeros in that place.

// keySHA256 is its key in the footer.
const keySHA256 = "ckexport.sha256"

// errFileChanged says that a file is not as it was written.
var errFileChanged = errors.New("its content was changed since it was written: it does not have the SHA-256 that its footer states")

// maxFooter bounds the footer that is searched; those of real files have some
// ten KiB, and the ledger of a single file.
const maxFooter = 1 << 30

// findDigest returns the place of the digest in a file, and its text; 0 where
// the file has none.
func findDigest(f *os.File) (int64, string, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, "", err
	}
	const tail = 8 // length of the footer, PAR1
	var end [tail]byte
	if _, err := f.ReadAt(end[:], max(info.Size()-tail, 0)); err != nil {
		return 0, "", err
	}
	n := int64(binary.LittleEndian.Uint32(end[:]))
	if n > info.Size()-tail || n > maxFooter {
		return 0, "", errors.New("the length of its footer is wrong")
	}
	footer := make([]byte, n)
	start := info.Size() - tail - n
	if _, err := f.ReadAt(footer, start); err != nil {
		return 0, "", err
	}
	// Behind the key stand the type of the value and its length, a byte each.
	at := bytes.LastIndex(footer, []byte(keySHA256)) + len(keySHA256) + 2
	if at < len(keySHA256)+2 || at+len(blankSHA256) > len(footer) {
		return 0, "", nil
	}
	return start + int64(at), string(footer[at : at+len(blankSHA256)]), nil
}

// stampDigest puts the digest of a complete file into its footer, where zeros
// hold its place.
func stampDigest(f *os.File, digest string) error {
	at, blank, err := findDigest(f)
	if err != nil {
		return err
	}
	if blank != blankSHA256 {
		return fmt.Errorf("no place for the digest: %q", blank)
	}
	_, err = f.WriteAt([]byte(digest), at)
	return err
}

// checkDigest returns errFileChanged where a file does not have the digest
// that its footer states, and tells whether it states one.
func checkDigest(path string) (stated bool, err error) {
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	at, want, err := findDigest(f)
	if err != nil || at == 0 {
		return false, err
	}
	sum := sha256.New()
	if _, err := io.CopyN(sum, f, at); err != nil {
		return true, err
	}
	sum.Write([]byte(blankSHA256))
	if _, err := f.Seek(at+int64(len(want)), io.SeekStart); err != nil {
		return true, err
	}
	if _, err := io.Copy(sum, f); err != nil {
		return true, err
	}
	if hex.EncodeToString(sum.Sum(nil)) != want {
		return true, errFileChanged
	}
	return true, nil
}
