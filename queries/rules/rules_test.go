//go:build yara && cgo

package rules

import "testing"
import "github.com/ckexport/ckexport/pipeline/yara"

func TestX(t *testing.T) { if _, err := yara.Compile(Files()); err != nil { t.Fatal(err) } }
