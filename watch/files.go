package watch

import (
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/ckexport/ckexport/pipeline/archive"
	"github.com/ckexport/ckexport/pipeline/source"
)

// Archive is an archive that has settled.
type Archive struct {
	Name    string
	Version archive.Version
}

// IsVersion reports whether an archive still is what has settled.
func (a Archive) IsVersion(v archive.Version) bool { return a.Version.Equal(v) }

// files are the archives in the folders, by name.
type files map[string]*file

// file is one of them.
type file struct {
	version archive.Version
	since   time.Time // it has had this version
	seen    time.Time // it has been waiting
	// exported says that a batch with this version was exported; again is when to
	// try once more what could not be read in full, zero for never.
	exported bool
	again    time.Time
	deaths   int  // of processes that read it alone
	setAside bool // until it changes
}

const (
	// heldOpen is how many times Settle an archive that someone has open for
	// writing must be unchanged: a program may forget to close it.
	heldOpen = 60
	// triedAgain is when to read once more what could not be read in full: the
	// fault may have been the disk's or the network's.
	triedAgain = time.Hour
	// fatalDeaths is how many processes may die of one archive.
	fatalDeaths = 3
)

// update notes what was found in the folders.
func (fs files) update(found []source.Item, folders []string, now time.Time) {
	there := make(map[string]bool, len(found))
	for _, item := range found {
		name := item.Name()
		if isTemporary(name, folders) {
			continue
		}
		there[name] = true
		if f := fs[name]; f == nil || !f.version.Equal(item.Version) {
			fs[name] = &file{version: item.Version, since: now, seen: now}
		} else if f.exported && !f.again.IsZero() && !now.Before(f.again) {
			f.exported, f.again, f.seen = false, time.Time{}, now
		}
	}
	for name := range fs {
		if !there[name] {
			delete(fs, name)
		}
	}
}

// isTemporary tells whether a file is not finished by its name, or that of a
// folder it stands in: it will get another one.
func isTemporary(path string, folders []string) bool {
	for _, folder := range folders {
		if abs, err := filepath.Abs(folder); err == nil {
			if rel, err := filepath.Rel(abs, path); err == nil && filepath.IsLocal(rel) {
				path = rel
				break
			}
		}
	}
	for part := range strings.SplitSeq(path, string(filepath.Separator)) {
		if strings.HasPrefix(part, ".") && part != "." || hasSuffix(part, "~", ".partial", ".part", ".tmp") {
			return true
		}
	}
	return false
}

func hasSuffix(name string, suffixes ...string) bool {
	return slices.ContainsFunc(suffixes, func(s string) bool { return strings.HasSuffix(name, s) })
}

// settlesAt is when the file may be read if it does not change until then.
func (f *file) settlesAt(settle time.Duration, open bool) time.Time {
	if open {
		settle *= heldOpen
	}
	return f.since.Add(settle)
}

// settled returns the archives that may be read, by name.
func (fs files) settled(now time.Time, settle time.Duration, isOpen func(string) bool) []Archive {
	var list []Archive
	for name, f := range fs {
		if !f.exported && !f.setAside && !now.Before(f.settlesAt(settle, isOpen(name))) {
			list = append(list, Archive{name, f.version})
		}
	}
	slices.SortFunc(list, func(a, b Archive) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// due is when the next archive may have settled; zero if none waits.
func (fs files) due(settle time.Duration, isOpen func(string) bool) time.Time {
	var due time.Time
	for name, f := range fs {
		if f.exported || f.setAside {
			continue
		}
		if at := f.settlesAt(settle, isOpen(name)); due.IsZero() || at.Before(due) {
			due = at
		}
	}
	return due
}

// exported notes that archives are in the output.
func (fs files) exported(batch []Archive, incomplete bool, now time.Time) {
	for _, a := range batch {
		if f := fs[a.Name]; f != nil && f.version.Equal(a.Version) {
			f.exported, f.deaths = true, 0
			if incomplete {
				f.again = now.Add(triedAgain)
			}
		}
	}
}

// died notes that a process died when it read this archive alone, and reports
// whether it is set aside for that.
func (fs files) died(a Archive) bool {
	f := fs[a.Name]
	if f == nil || !f.version.Equal(a.Version) {
		return false
	}
	f.deaths++
	f.setAside = f.deaths >= fatalDeaths
	return f.setAside
}
