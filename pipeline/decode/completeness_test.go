package decode_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	_ "github.com/checkpoint-restore/go-criu/v8/crit/images/apparmor"
	_ "github.com/checkpoint-restore/go-criu/v8/crit/images/autofs"
	_ "github.com/checkpoint-restore/go-criu/v8/crit/images/binfmt-misc"
	_ "github.com/checkpoint-restore/go-criu/v8/crit/images/bpfmap-data"
	_ "github.com/checkpoint-restore/go-criu/v8/crit/images/cpuinfo"
	_ "github.com/checkpoint-restore/go-criu/v8/crit/images/file-lock"
	_ "github.com/checkpoint-restore/go-criu/v8/crit/images/ipc-msg"
	_ "github.com/checkpoint-restore/go-criu/v8/crit/images/ipc-sem"
	_ "github.com/checkpoint-restore/go-criu/v8/crit/images/ipc-var"
	_ "github.com/checkpoint-restore/go-criu/v8/crit/images/macvlan"
	_ "github.com/checkpoint-restore/go-criu/v8/crit/images/pipe-data"
	_ "github.com/checkpoint-restore/go-criu/v8/crit/images/sit"
	_ "github.com/checkpoint-restore/go-criu/v8/crit/images/tty"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/ckexport/ckexport/schema"
)

// leftOut lists the fields that have no column, and why.
var leftOut = map[string]string{
	"vma_entry.fd": "unused: CRIU writes -1, and ignores it (vma.proto says so)",
}

// TestEveryFieldHasAColumn walks the messages of every image and looks each
// field up among the sources that the columns name: an update of go-criu that
// brings a field cannot lose it silently.
func TestEveryFieldHasAColumn(t *testing.T) {
	sources := columnSources()
	fields := 0
	protoregistry.GlobalFiles.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		if !isImageFile(file) {
			return true
		}
		for i := range file.Messages().Len() {
			m := file.Messages().Get(i)
			for j := range m.Fields().Len() {
				f := m.Fields().Get(j)
				if f.Message() != nil { // its own fields count
					continue
				}
				fields++
				name := string(m.Name()) + "." + string(f.Name())
				known := slices.ContainsFunc(sources, func(s *regexp.Regexp) bool { return s.MatchString(name) })
				if _, out := leftOut[name]; out && known {
					t.Errorf("%s has a column: it is not left out", name)
				} else if !out && !known {
					t.Errorf("%s has neither a column nor a reason to have none", name)
				}
			}
		}
		return true
	})
	if fields < 800 || len(leftOut) >= 20 {
		t.Errorf("%d fields looked at, %d left out", fields, len(leftOut))
	}
}

// TestEveryImageIsDecoded decodes every archive at hand: each image has a
// decoder that took all of it, to the last byte.
func TestEveryImageIsDecoded(t *testing.T) {
	images := 0
	for _, folder := range []string{ownArchives, sharedArchives} {
		for _, path := range archivesWithTruth(t, folder) {
			for _, rows := range decodeFile(t, path).Checkpoints {
				for _, m := range rows.ArchiveMembers {
					switch {
					case m.Type != "file" || m.ImageDir == nil || m.Kind == "PAGES":
						continue
					case m.DecodeStatus != "ok":
						t.Errorf("%s: %s: status %s", path, exact(m.Path), m.DecodeStatus)
					case m.Layout != nil && *m.Layout != "raw" && m.EntryCount == nil:
						t.Errorf("%s: %s: its entries were not counted", path, exact(m.Path))
					}
					images++
				}
			}
		}
	}
	if images < 500 {
		t.Errorf("only %d images looked at", images)
	}
}

// isImageFile reports whether a descriptor is one of CRIU's images.
func isImageFile(file protoreflect.FileDescriptor) bool {
	return file.Package() == "" && !slices.Contains([]string{"rpc.proto", "opts.proto", "img-streamer.proto"}, file.Path())
}

// columnSources returns the message fields that columns name as their source,
// as patterns.
func columnSources() []*regexp.Regexp {
	var patterns []*regexp.Regexp
	for _, t := range schema.Tables() {
		for _, c := range t.Columns {
			patterns = append(patterns, sourcesOf(c)...)
		}
	}
	return patterns
}

// claims reports whether a column names a message field as its source.
func claims(c schema.Column, field string) bool {
	return slices.ContainsFunc(sourcesOf(c), func(s *regexp.Regexp) bool { return s.MatchString(field) })
}

// sourcesOf returns the message fields that a column names, as patterns: *
// stands for any letters.
func sourcesOf(c schema.Column) []*regexp.Regexp {
	var patterns []*regexp.Regexp
	for _, source := range strings.Split(c.Source, "; ") {
		_, list, ok := strings.Cut(source, ": ")
		if !ok {
			continue
		}
		message := ""
		for _, name := range strings.Split(list, ", ") {
			if before, _, ok := strings.Cut(name, "."); ok {
				message = before
			} else {
				name = message + "." + name
			}
			patterns = append(patterns, regexp.MustCompile("^"+strings.ReplaceAll(regexp.QuoteMeta(name), `\*`, `\w*`)+"$"))
		}
	}
	return patterns
}
