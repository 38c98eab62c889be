// Package workload makes the checkpoint archives that ckbench measures with,
// from the real ones in testdata. The same seed gives the same bytes.
//
//	template.go, clone.go  many small archives, each a distinct checkpoint
//	memory.go              much memory, many mappings
//	processes.go           many processes and descriptors
//	rootfs.go              many changed files
//	base.go                the archive that the large ones are made of
//	content.go             what is in pages, logs and files
//	tarfile.go             archives and their compression
package workload

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
)

// version is part of the folder's name: raise it when other bytes are made.
const version = 1

// Workload is a folder of archives to measure with.
type Workload struct {
	Name string
	Doc  string // for the report
	// Archives is their number, Bytes what they are after decompression where
	// that is what the workload is about, else 0.
	Archives int
	Bytes    int64
	write    func(ctx context.Context, originals, dir string, seed uint64) error
}

// unsuited are archives of testdata that checkpointctl gives up on, so that
// no comparison over the same files can have them.
var unsuited = []string{
	"sleep-pre.tar.zst", // no checkpoint folder
	"nginx.tar.zst",     // its master wrote over its environment
	"odd-env-argv.tar",  // an entry of the environment without =
}

// Small returns n small archives.
func Small(n int) Workload {
	return Workload{
		Name: fmt.Sprintf("small-%d", n), Archives: n,
		Doc: fmt.Sprintf("%d small archives: distinct clones of testdata's, of Podman, CRI-O and containerd, plain, gzip and zstd", n),
		write: func(ctx context.Context, originals, dir string, seed uint64) error {
			return makeSmall(ctx, originals, dir, seed, n)
		},
	}
}

// ofEngine lists the archives of testdata that engines of Kubernetes made.
var ofEngine = map[string][]string{
	"crio":       {"checkpoint-web-7d4b9c6f5-x2x9q_shop-app-2026-11-23T14-34-49Z.tar", "checkpoint-web-fleet-node-1_shop-app-2026-11-23T14-50-52Z.tar"},
	"containerd": {"checkpoint-evil_prod-c-2026-11-23T14-35-45Z.tar"},
}

// Kubernetes returns n small archives as the kubelet gets them from an engine:
// plain, and most of each is CRIU's log.
func Kubernetes(engine string, n int) Workload {
	return Workload{
		Name: fmt.Sprintf("%s-%d", engine, n), Archives: n, Doc: fmt.Sprintf("%d small archives of %s: distinct clones of testdata's, plain", n, engine),
		write: func(ctx context.Context, originals, dir string, seed uint64) error {
			var files []string
			for _, name := range ofEngine[engine] {
				files = append(files, filepath.Join(originals, name))
			}
			return makeClones(ctx, files, dir, seed, n)
		},
	}
}

// Pages returns one archive with so many MiB of memory, in a compression.
func Pages(mib int64, compression string) Workload {
	return pagesOf(mib, compression, "memory: text, pointers, bytes without order", realistic)
}

// EasyPages returns one archive with so many MiB of memory that take little
// room on disk and little time to make: for measuring memory.
func EasyPages(mib int64, compression string) Workload {
	if compression == none {
		return pagesOf(mib, compression, "zero pages", holey)
	}
	return pagesOf(mib, compression, "repeated pages", repeated)
}

func pagesOf(mib int64, compression, what string, fill fillPages) Workload {
	kind := "pages"
	if what != "memory: text, pointers, bytes without order" {
		kind = "easy-pages"
	}
	return Workload{
		Name: fmt.Sprintf("%s-%dMiB-%s", kind, mib, compression), Archives: 1, Bytes: mib << 20,
		Doc: fmt.Sprintf("one archive with %d MiB of %s, compression %s", mib, what, compression),
		write: func(_ context.Context, originals, dir string, seed uint64) error {
			return makePages(originals, dir, seed, mib<<20, compression, fill)
		},
	}
}

// Processes returns one archive of n processes and fds descriptors.
func Processes(n, fds int) Workload {
	return Workload{
		Name: fmt.Sprintf("processes-%d", n), Archives: 1, Doc: fmt.Sprintf("one archive with %d processes and %d descriptors", n, fds),
		write: func(_ context.Context, originals, dir string, seed uint64) error {
			return makeProcesses(originals, dir, seed, n, fds)
		},
	}
}

// Mappings returns one archive of a process with n mappings.
func Mappings(n int) Workload {
	return Workload{
		Name: fmt.Sprintf("mappings-%d", n), Archives: 1, Doc: fmt.Sprintf("one archive with %d memory mappings", n),
		write: func(_ context.Context, originals, dir string, seed uint64) error {
			return makeMappings(originals, dir, seed, n)
		},
	}
}

// Rootfs returns one archive of a container with n changed files.
func Rootfs(n int) Workload {
	return Workload{
		Name: fmt.Sprintf("rootfs-%d", n), Archives: 1, Doc: fmt.Sprintf("one archive with %d changed files", n),
		write: func(_ context.Context, originals, dir string, seed uint64) error {
			return makeRootfs(originals, dir, seed, n)
		},
	}
}

// Make makes the archives in a folder of their own below work, from the real
// ones in originals, unless they are there. It returns the folder.
func (w Workload) Make(ctx context.Context, originals, work string, seed uint64) (string, error) {
	dir := filepath.Join(work, fmt.Sprintf("v%d-seed%d", version, seed), w.Name)
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	making := dir + ".making"
	if err := errors.Join(os.RemoveAll(making), os.MkdirAll(making, 0o700)); err != nil {
		return "", err
	}
	if err := w.write(ctx, originals, making, seed); err != nil {
		return "", fmt.Errorf("making %s: %w", w.Name, err)
	}
	return dir, os.Rename(making, dir)
}

// makeSmall makes clones of all archives of testdata that suit.
func makeSmall(ctx context.Context, originals, dir string, seed uint64, n int) error {
	files, err := filepath.Glob(filepath.Join(originals, "*.tar*"))
	if err != nil {
		return err
	}
	files = slices.DeleteFunc(files, func(f string) bool { return slices.Contains(unsuited, filepath.Base(f)) })
	if len(files) == 0 {
		return fmt.Errorf("no archives in %q", originals)
	}
	return makeClones(ctx, files, dir, seed, n)
}

// makeClones makes n clones, of each file in turn.
func makeClones(ctx context.Context, files []string, dir string, seed uint64, n int) error {
	var templates []*template
	for _, f := range files {
		t, err := newTemplate(f)
		if err != nil {
			return err
		}
		templates = append(templates, t)
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i := range n {
		group.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			c, err := templates[i%len(templates)].newClone(seed, i)
			if err != nil {
				return err
			}
			return c.write(dir)
		})
	}
	return group.Wait()
}

// Files returns the archives of a folder, sorted.
func Files(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var files []string
	for _, e := range entries {
		if strings.Contains(e.Name(), ".tar") {
			files = append(files, filepath.Join(dir, e.Name()))
		}
	}
	return files, nil
}
