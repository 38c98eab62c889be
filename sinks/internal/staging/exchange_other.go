//go:build !linux

package staging

import "errors"

// exchange swaps two names in one step, which only Linux offers.
func exchange(_, _ string) error { return errors.ErrUnsupported }
