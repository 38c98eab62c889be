package criu_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/checkpoint-restore/go-criu/v8/crit/images/pagemap"

	"github.com/ckexport/ckexport/pipeline/criu"
)

// TestErrorsAreStable: texts of errors are the same with each build, though
// protobuf varies its own.
func TestErrorsAreStable(t *testing.T) {
	malformed := criu.Unmarshal([]byte{0xff}, &pagemap.PagemapEntry{})
	incomplete := criu.Unmarshal(nil, &pagemap.PagemapEntry{})
	if !errors.Is(incomplete, criu.ErrMissingField) || errors.Is(malformed, criu.ErrMissingField) {
		t.Errorf("errors %v, %v", malformed, incomplete)
	}
	for _, err := range []error{malformed, incomplete} {
		if err == nil || !strings.Contains(err.Error(), "proto: ") || strings.Contains(err.Error(), "\u00a0") {
			t.Errorf("error %q", err)
		}
	}
}
