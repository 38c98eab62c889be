//go:build cgo

package sandbox

import "os"

// findThreads fails where psx, which makes a call in all threads of a program with C in
// it, can't find them: it would end the process, and not say why.
func findThreads() error {
	_, err := os.ReadDir("/proc/self/task")
	return err
}
