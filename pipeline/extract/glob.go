package extract

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// Glob is a pattern for paths in the container: those of path.Match between
// slashes, and ** for any number of folders. One that does not begin with a slash
// holds at any depth.
type Glob struct {
	text  string
	parts []string
}

// anyFolders stands for any number of folders.
const anyFolders = "**"

// maxGlobParts keeps matching cheap.
const maxGlobParts = 64

// ParseGlob reads a pattern.
func ParseGlob(text string) (Glob, error) {
	clean := path.Clean(text)
	parts := strings.Split(strings.TrimPrefix(clean, "/"), "/")
	if !strings.HasPrefix(clean, "/") {
		parts = append([]string{anyFolders}, parts...)
	}
	if text == "" || len(parts) > maxGlobParts {
		return Glob{}, fmt.Errorf("%q: want a path or a pattern", text)
	}
	for _, p := range parts {
		if _, err := path.Match(p, ""); err != nil {
			return Glob{}, fmt.Errorf("%q: %w", text, err)
		}
	}
	return Glob{text, parts}, nil
}

func (g Glob) selector() string { return "--file " + g.text }

// mayMatchMemfd reports whether the pattern may hold for a memfd, whose path begins so.
func (g Glob) mayMatchMemfd() bool {
	return slices.ContainsFunc(g.parts, func(part string) bool {
		const begins = "memfd:"
		if i := strings.IndexAny(part, `*?[\`); i >= 0 && i < len(begins) {
			return strings.HasPrefix(begins, part[:i])
		}
		return strings.HasPrefix(part, begins)
	})
}

// Matches reports whether the pattern holds for an absolute path.
func (g Glob) Matches(name string) bool {
	return matchParts(g.parts, split(name), false)
}

// mayMatchBelow reports whether the pattern may hold for a file whose name is known
// only below a folder that is not.
func (g Glob) mayMatchBelow(name string) bool { return matchParts(g.parts, split(name), true) }

func split(name string) []string {
	if name = strings.Trim(name, "/"); name == "" {
		return nil
	}
	return strings.Split(name, "/")
}

// matchParts matches a path part by part: reached holds where in the pattern one may
// be. With anywhere that is at first any place, as for the end of a longer path.
func matchParts(pattern, name []string, anywhere bool) bool {
	reached := make([]bool, len(pattern)+1)
	reached[0] = true
	for i := range reached {
		reached[i] = reached[i] || anywhere
	}
	skipFolders(pattern, reached)
	for _, part := range name {
		next := make([]bool, len(reached))
		for i, p := range pattern {
			switch {
			case !reached[i]:
			case p == anyFolders:
				next[i] = true
			default:
				ok, _ := path.Match(p, part) // ParseGlob has seen to its form
				next[i+1] = next[i+1] || ok
			}
		}
		skipFolders(pattern, next)
		reached = next
	}
	return reached[len(pattern)]
}

// skipFolders lets ** stand for no folder.
func skipFolders(pattern []string, reached []bool) {
	for i, p := range pattern {
		if reached[i] && p == anyFolders {
			reached[i+1] = true
		}
	}
}
