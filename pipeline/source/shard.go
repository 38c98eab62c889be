package source

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"strings"
)

// Shard leaves of what was listed the part that is one of n shards', counted from
// 0, in the order of keys (CompareKeys). Processes that list the same inputs agree
// on the parts without a word between them, also where the inputs lie at another
// mount point: an archive belongs to shard
//
//	the first 8 bytes of SHA-256(key), big endian, modulo n
//
// An archive that several inputs name has the key that the first one gives it.
// Nothing is opened for it.
func (l *Listing) Shard(index, n int) {
	keys := map[string]string{}
	l.Candidates = slices.DeleteFunc(l.Candidates, func(c Candidate) bool {
		key, seen := keys[c.Name()]
		if !seen {
			key = c.Key()
			keys[c.Name()] = key
		}
		return shardOf(key, n) != index
	})
	slices.SortStableFunc(l.Candidates, func(a, b Candidate) int { return CompareKeys(a.Key(), b.Key()) })
}

// shardOf returns the shard, of n, that an archive belongs to.
func shardOf(key string, n int) int {
	sum := sha256.Sum256([]byte(key))
	return int(binary.BigEndian.Uint64(sum[:8]) % uint64(n))
}

// Key is the name by which machines agree on an archive: within a folder that an
// input names, the path from there, with slashes; of a file that is named itself,
// or by a pattern, the path as the input gives it; else the URL.
func (i Item) Key() string {
	if i.Within != "" {
		return i.Within
	}
	return i.Name()
}

// CompareKeys compares keys element by element, which is the order in which a
// folder is walked.
func CompareKeys(a, b string) int {
	return slices.Compare(strings.Split(a, "/"), strings.Split(b, "/"))
}
