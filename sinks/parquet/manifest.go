package parquet

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/ckexport/ckexport/sinks/internal/staging"
)

const (
	manifestName    = "_ckexport.json"
	manifestFormat  = "ckexport-dataset"
	manifestVersion = 1
)

// Manifest says what a dataset folder holds. It marks the folder as ours.
type Manifest struct {
	Format        string   `json:"format"`
	Version       int      `json:"manifest_version"`
	SchemaVersion int      `json:"schema_version"`
	ToolVersion   string   `json:"tool_version"` // of the last run
	Tables        []string `json:"tables"`
	// Redaction is as sinks.Options.Redaction; empty where nothing is redacted.
	Redaction string `json:"redaction,omitempty"`
	Runs      []Run  `json:"runs"`
	Parts     []Part `json:"parts"`
}

// Run is one run that added to a dataset.
type Run struct {
	ID          string    `json:"run_id"`
	ToolVersion string    `json:"tool_version"`
	CommittedAt time.Time `json:"committed_at"`
}

// ReadManifest reads the manifest of a dataset folder. The error wraps
// fs.ErrNotExist where the folder has none.
func ReadManifest(dir string) (*Manifest, error) {
	data, err := os.ReadFile(filepath.Join(dir, manifestName))
	if err != nil {
		return nil, fmt.Errorf("reading manifest: %w", err)
	}
	var m Manifest
	if err := json.Unmarshal(data, &m); err != nil {
		return nil, fmt.Errorf("reading manifest: %w", err)
	}
	if m.Format != manifestFormat {
		return nil, fmt.Errorf("reading manifest: its format is %q, not %q", m.Format, manifestFormat)
	}
	if m.Version != manifestVersion {
		return nil, fmt.Errorf("reading manifest: its version is %d, this tool knows %d", m.Version, manifestVersion)
	}
	for _, p := range m.Parts {
		if !filepath.IsLocal(filepath.FromSlash(p.Path)) {
			return nil, fmt.Errorf("reading manifest: part %q is outside of the dataset", p.Path)
		}
	}
	return &m, nil
}

// write writes the manifest to a dataset folder.
func (m *Manifest) write(dir string) error {
	var data bytes.Buffer
	encoder := json.NewEncoder(&data)
	encoder.SetIndent("", " ")
	if err := encoder.Encode(m); err != nil {
		return fmt.Errorf("writing manifest: %w", err)
	}
	f, err := staging.CreateFile(filepath.Join(dir, manifestName))
	if err != nil {
		return fmt.Errorf("writing manifest: %w", err)
	}
	_, err = f.Write(data.Bytes())
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("writing manifest: %w", err)
	}
	return nil
}

// partsOf returns the paths of a table's parts.
func (m *Manifest) partsOf(table string) []string {
	var paths []string
	for _, p := range m.Parts {
		if p.Table == table {
			paths = append(paths, filepath.FromSlash(p.Path))
		}
	}
	return paths
}

// isEmptyDir tells whether a folder has nothing in it.
func isEmptyDir(path string) (bool, error) {
	entries, err := os.ReadDir(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return len(entries) == 0, err
}
