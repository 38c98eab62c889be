package redact_test

import (
	"path/filepath"
	"testing"

	"github.com/ckexport/ckexport/pipeline/decode"
	"github.com/ckexport/ckexport/pipeline/source"
)

// BenchmarkRedact decodes all archives of testdata, without and with redaction
// of all that is sensitive.
func BenchmarkRedact(b *testing.B) {
	paths, err := filepath.Glob(archives + "*.tar*")
	if err != nil {
		b.Fatal(err)
	}
	for _, policy := range []string{"none", "env", "all"} {
		b.Run(policy, func(b *testing.B) {
			redact := func(*decode.Result) {}
			if policy != "none" {
				r := redaction(b, b.TempDir(), policy).Redactor()
				redact = func(result *decode.Result) { r.Redact(&result.Archive, result.Checkpoints, result.Problems) }
			}
			d := &decode.Decoder{Limits: decode.DefaultLimits()}
			for b.Loop() {
				for _, path := range paths {
					result, err := d.Decode(b.Context(), source.Path(path))
					if err != nil {
						b.Fatal(err)
					}
					redact(result)
				}
			}
		})
	}
}
