package shards

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/spool"
)

const manifestFormat = "ckexport-shard-1"

// manifest is what a shard says of itself when it is done.
type manifest struct {
	Format        string            `json:"format"`
	Run           string            `json:"run"`
	Index         int               `json:"index"`
	Of            int               `json:"of"`
	SchemaVersion int               `json:"schema_version"`
	Tables        []string          `json:"tables"`
	Policy        sinks.Policy      `json:"policy"`
	Labels        map[string]string `json:"labels"`
	Overwrite     bool              `json:"overwrite"`
	// Base is a run that the output had when the shard read its ledger; empty for
	// none. An output without it is another one.
	Base    string     `json:"base"`
	Attempt string     `json:"attempt"`
	RunRow  schema.Run `json:"run_row"`
	// Archives is the file of what was seen, and its SHA-256 in hexadecimal.
	Archives       string       `json:"archives"`
	ArchivesSHA256 string       `json:"archives_sha256"`
	Parts          []spool.Part `json:"parts"`
}

// differs says in what two shards differ that must be the run's; empty for none.
func (m *manifest) differs(from *manifest) string {
	var what []string
	add := func(differ bool, name string) {
		if differ {
			what = append(what, name)
		}
	}
	add(m.Of != from.Of, fmt.Sprintf("the number of shards (%d, not %d)", m.Of, from.Of))
	add(m.SchemaVersion != from.SchemaVersion, "the schema version")
	add(!slices.Equal(m.Tables, from.Tables), "the tables")
	add(m.Policy.Redaction != from.Policy.Redaction, "--redact or its key")
	add(m.Policy.AllLogLines != from.Policy.AllLogLines, "--logs")
	add(!maps.Equal(m.Labels, from.Labels), "--label")
	add(m.Overwrite != from.Overwrite, "--overwrite")
	return strings.Join(what, ", ")
}

const manifestSuffix = ".json"

func manifestName(index int) string { return strconv.Itoa(index) + manifestSuffix }

// manifestOf returns the shard whose manifest has a name.
func manifestOf(name string) (index int, ok bool) {
	text, ok := strings.CutSuffix(name, manifestSuffix)
	index, err := strconv.Atoi(text)
	return index, ok && err == nil && name == manifestName(index)
}

// readManifest reads the manifest of a shard. The error wraps fs.ErrNotExist where
// it has none.
func readManifest(ctx context.Context, place sinks.StagingPlace, index int) (*manifest, error) {
	data, err := place.Read(ctx, manifestName(index))
	if err != nil {
		return nil, fmt.Errorf("reading manifest of shard %d: %w", index, err)
	}
	m := &manifest{}
	if err := json.Unmarshal(data, m, encoding); err != nil {
		return nil, fmt.Errorf("reading manifest of shard %d: %w", index, err)
	}
	if m.Format != manifestFormat || m.Index != index {
		return nil, fmt.Errorf("reading manifest of shard %d: its format is %q, not %q, or it is that of shard %d", index, m.Format, manifestFormat, m.Index)
	}
	for _, p := range m.Parts {
		if !belongsTo(p.Path, index) || strings.ContainsAny(p.Path, `/\`) {
			return nil, fmt.Errorf("reading manifest of shard %d: %q is no file of it", index, p.Path)
		}
	}
	return m, nil
}

// belongsTo tells whether a file is of an attempt at a shard, or not yet its
// manifest.
func belongsTo(name string, index int) bool {
	number := strconv.Itoa(index)
	return strings.HasPrefix(name, number+"-") || strings.HasPrefix(name, manifestName(index)+".")
}

// encoding keeps NULL and empty lists apart, and times of any year.
var encoding = json.JoinOptions(
	json.FormatNilSliceAsNull(true), json.FormatNilMapAsNull(true),
	json.WithMarshalers(json.MarshalToFunc(func(e *jsontext.Encoder, t time.Time) error {
		return e.WriteToken(jsontext.String(strconv.FormatInt(t.UnixMicro(), 10)))
	})),
	json.WithUnmarshalers(json.UnmarshalFromFunc(func(d *jsontext.Decoder, t *time.Time) error {
		token, err := d.ReadToken()
		if err != nil {
			return err
		}
		n, err := strconv.ParseInt(token.String(), 10, 64)
		*t = time.UnixMicro(n).UTC()
		return err
	})),
)

// IsCommitted tells whether the output at a location has a run.
func IsCommitted(ctx context.Context, format sinks.Format, location, run string) (bool, error) {
	l, err := format.PeekLedger(ctx, location, sinks.Options{Overwrite: true}) // whatever it is
	return err == nil && isCommitted(l, run), err
}

// isCommitted tells whether an output has a run, by the run_ids of its shards.
func isCommitted(l *sinks.Ledger, run string) bool {
	for id := range l.Runs {
		if index, ok := strings.CutPrefix(id, run+"-"); ok {
			if n, err := strconv.Atoi(index); err == nil && strconv.Itoa(n) == index {
				return true
			}
		}
	}
	return false
}
