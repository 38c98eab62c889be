package decode_test

import "strings"

// exception is a difference between truth and archive that is right: each with
// the fact that makes it so.
type exception struct {
	reason  string
	applies func(s *subject, d difference) bool
}

// isLoop reports whether the container runs a shell loop that starts and ends
// a sleep every moment.
func isLoop(archive string) bool {
	return strings.Contains(archive, "counter")
}

var exceptions = []exception{}
