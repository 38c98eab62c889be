package parquet

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/internal/contents"
	"github.com/ckexport/ckexport/sinks/internal/staging"
	"github.com/ckexport/ckexport/sinks/spool"
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
	sinks.Policy
	Runs  []Run        `json:"runs"`
	Parts []spool.Part `json:"parts"`
	// SHA256 is that of the manifest itself, in hexadecimal: of its bytes with
	// zeros in this field. It is empty in manifests of earlier tools.
	SHA256 string `json:"manifest_sha256,omitempty"`
}

func (m *Manifest) contents() contents.Contents {
	return contents.Contents{SchemaVersion: m.SchemaVersion, Tables: m.Tables, Policy: m.Policy}
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
	return parseManifest(data)
}

func parseManifest(data []byte) (*Manifest, error) {
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

// blankSHA256 stands in the manifest's own digest while that is taken.
var blankSHA256 = strings.Repeat("0", 2*sha256.Size)

// digestManifest returns the digest of a manifest's bytes, in which the field
// for it holds the text stated.
func digestManifest(data []byte, stated string) string {
	at := bytes.LastIndex(data, []byte(`"`+stated+`"`)) // it is the last field
	sum := sha256.New()
	sum.Write(data[:at+1])
	sum.Write([]byte(blankSHA256))
	sum.Write(data[at+1+len(stated):])
	return hex.EncodeToString(sum.Sum(nil))
}

// errManifestChanged says that a manifest is not as it was written.
var errManifestChanged = errors.New("was changed since it was written: its content does not have the SHA-256 that it states")

// changedManifest refuses the dataset at path, as a check said so of its manifest.
func changedManifest(path string, err error) error {
	return &sinks.RefusedError{Path: path, Reason: "its manifest " + err.Error() + "; see ckexport verify"}
}

// checkManifest returns errManifestChanged where the manifest of a dataset
// folder, which was read as m, does not have the digest it states.
func checkManifest(dir string, m *Manifest) error {
	data, err := os.ReadFile(filepath.Join(dir, manifestName))
	if err != nil {
		return fmt.Errorf("reading manifest: %w", err)
	}
	return m.check(data)
}

// check returns errManifestChanged where the bytes that m was read from do not
// have the digest it states.
func (m *Manifest) check(data []byte) error {
	if m.SHA256 == "" {
		return nil
	}
	if !bytes.Contains(data, []byte(`"`+m.SHA256+`"`)) || digestManifest(data, m.SHA256) != m.SHA256 {
		return errManifestChanged
	}
	return nil
}

// encode returns the bytes of the manifest, with its digest.
func (m *Manifest) encode() ([]byte, error) {
	m.SHA256 = blankSHA256
	var data bytes.Buffer
	encoder := json.NewEncoder(&data)
	encoder.SetIndent("", " ")
	if err := encoder.Encode(m); err != nil {
		return nil, fmt.Errorf("writing manifest: %w", err)
	}
	m.SHA256 = digestManifest(data.Bytes(), blankSHA256)
	at := bytes.LastIndex(data.Bytes(), []byte(blankSHA256))
	copy(data.Bytes()[at:], m.SHA256)
	return data.Bytes(), nil
}

// write writes the manifest to a dataset folder.
func (m *Manifest) write(dir string) error {
	data, err := m.encode()
	if err != nil {
		return err
	}
	f, err := staging.CreateFile(filepath.Join(dir, manifestName))
	if err != nil {
		return fmt.Errorf("writing manifest: %w", err)
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("writing manifest: %w", err)
	}
	return nil
}

// hasRun tells whether a run is among those that made the dataset.
func (m *Manifest) hasRun(id string) bool {
	return slices.ContainsFunc(m.Runs, func(r Run) bool { return r.ID == id })
}

// hasPart tells whether the manifest names a part.
func (m *Manifest) hasPart(path string) bool {
	return slices.ContainsFunc(m.Parts, func(p spool.Part) bool { return p.Path == path })
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
