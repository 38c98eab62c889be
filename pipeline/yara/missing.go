//go:build !yara || !cgo

package yara

// Version is the version of libyara, empty without it.
const Version = ""

// Rules are compiled rules. There are none in a build without libyara.
type Rules struct{ rules []Rule }

// Compile returns ErrMissing.
func Compile([]File) (*Rules, error) { return nil, ErrMissing }

// Close does nothing.
func (*Rules) Close() {}

// Scan is one scan.
type Scan struct{}

// NewScan returns ErrMissing.
func (*Rules) NewScan() (*Scan, error) { return nil, ErrMissing }

// Close does nothing.
func (*Scan) Close() {}

// Begin does nothing.
func (*Scan) Begin() {}

// Block returns ErrMissing.
func (*Scan) Block([]byte, uint64) error { return ErrMissing }

// End returns ErrMissing.
func (*Scan) End([]byte, int64, *Budget) ([]Hit, bool, error) { return nil, false, ErrMissing }
