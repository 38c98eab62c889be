package s3

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/ckexport/ckexport/objectstore"
	"github.com/ckexport/ckexport/pipeline/source"
)

// find returns the objects that a key, a prefix or a pattern names.
func find(ctx context.Context, store *objectstore.Store, bucket, name string, isOutput func(string) bool) ([]source.Candidate, error) {
	prefix, isPattern := name, false
	if i := strings.IndexAny(name, "*?["); i >= 0 {
		if _, err := path.Match(name, ""); err == nil { // else it can only be a key
			prefix, isPattern = name[:i], true
		}
	}
	var found []source.Candidate
	for info, err := range store.List(ctx, bucket, prefix) {
		if err != nil {
			return nil, err
		}
		if strings.HasSuffix(info.Key, "/") && info.Size == 0 {
			continue // what some programs make to show a folder
		}
		if isOutput(objectstore.URL(bucket, info.Key)) {
			continue
		}
		c := source.Candidate{Item: itemOf(store, bucket, info), Unsure: true}
		if info.Key == name { // as every key that begins so, it could be a pattern too
			c.Unsure = false
			return []source.Candidate{c}, nil
		}
		if isPattern {
			matches, whole := match(name, info.Key)
			if !matches {
				continue
			}
			c.Unsure = !whole
		}
		found = append(found, c)
	}
	if len(found) == 0 {
		what := "has that key, or begins so"
		if isPattern {
			what = "matches the pattern"
		}
		return nil, fmt.Errorf("no object %s: %w", what, fs.ErrNotExist)
	}
	return found, nil
}

// match reports whether a pattern matches a key, or the folders that the key
// begins with: then all below them is meant, but not as a whole.
func match(pattern, key string) (matches, whole bool) {
	cut := key
	if depth := strings.Count(pattern, "/"); strings.Count(key, "/") > depth {
		cut = strings.Join(strings.SplitN(key, "/", depth+2)[:depth+1], "/")
	}
	matches, _ = path.Match(pattern, cut) // that the pattern is one was checked
	return matches, cut == key
}

func itemOf(store *objectstore.Store, bucket string, info objectstore.Info) source.Item {
	return source.Item{Input: &object{store: store, bucket: bucket, key: info.Key}, Version: versionOf(info)}
}
