package local

import (
	"errors"
	"io/fs"
	"os"

	"github.com/ckexport/ckexport/sinks"
)

// peekTries is how often a ledger is read of an output that others replace.
const peekTries = 10

// Peek reads the ledger of the output at path, if there is one. A run may put
// another output in its place, and remove the files of the old one: then it is read
// again.
func Peek(path string, read func(os.FileInfo) (*sinks.Ledger, error)) (*sinks.Ledger, error) {
	for tries := 1; ; tries++ {
		info, err := os.Stat(path)
		if errors.Is(err, fs.ErrNotExist) {
			return sinks.NewLedger(), nil
		} else if err != nil {
			return nil, err
		}
		l, err := read(info)
		if err == nil || !errors.Is(err, fs.ErrNotExist) || tries == peekTries {
			return l, err
		}
	}
}
