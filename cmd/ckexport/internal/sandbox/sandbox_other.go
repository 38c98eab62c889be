//go:build !linux

package sandbox

import "runtime"

// Confine does nothing here.
func Confine([]Grant) (State, error) {
	return State{Missing: []string{"no sandbox on " + runtime.GOOS}}, nil
}
