package parquet

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/klauspost/compress/zstd"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/internal/ledger"
)

// footerLedger is a ledger as it stands in a footer: JSON, compressed with
// zstd, in base64 because a footer holds text. Times are in microseconds.
type footerLedger struct {
	Archives    []footerArchive `json:"archives"`
	Checkpoints []string        `json:"checkpoints"`
	Forgotten   []string        `json:"forgotten,omitempty"`
	Runs        []string        `json:"runs,omitempty"`
	// Digests is by the id of the images.
	Digests map[string][]sinks.Digest `json:"digests,omitempty"`
}

type footerArchive struct {
	Source       string        `json:"source"`
	SizeBytes    uint64        `json:"size_bytes"`
	ModifiedAt   int64         `json:"modified_at"` // 0 if not known
	Tag          string        `json:"etag,omitempty"`
	Status       schema.Status `json:"status"`
	Error        string        `json:"error,omitempty"`
	CheckpointID string        `json:"checkpoint_id,omitempty"`
	StartedAt    int64         `json:"started_at"`
}

func encodeLedger(l *ledger.Builder) (string, error) {
	f := footerLedger{Checkpoints: slices.Sorted(maps.Keys(l.Checkpoints)), Forgotten: slices.Sorted(maps.Keys(l.Forgotten)), Runs: slices.Sorted(maps.Keys(l.Runs)), Digests: l.Digests}
	for _, source := range slices.Sorted(maps.Keys(l.Archives)) {
		a := l.Archives[source]
		entry := footerArchive{
			Source: source, SizeBytes: a.SizeBytes, Tag: a.Tag, Status: a.Status, Error: a.Error,
			CheckpointID: a.CheckpointID, StartedAt: int64(l.StartedAt[source]),
		}
		if !a.ModifiedAt.IsZero() {
			entry.ModifiedAt = a.ModifiedAt.UnixMicro()
		}
		f.Archives = append(f.Archives, entry)
	}
	data, err := json.Marshal(f)
	if err != nil {
		return "", err
	}
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return "", err
	}
	defer encoder.Close()
	return base64.StdEncoding.EncodeToString(encoder.EncodeAll(data, nil)), nil
}

// decodeLedger adds what encodeLedger made; text is nil where a footer has none.
func decodeLedger(l *ledger.Builder, text *string) error {
	if text == nil {
		return errors.New("the file has none")
	}
	data, err := base64.StdEncoding.DecodeString(*text)
	if err != nil {
		return err
	}
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
	if err != nil {
		return err
	}
	defer decoder.Close()
	if data, err = decoder.DecodeAll(data, nil); err != nil {
		return err
	}
	var f footerLedger
	if err := json.Unmarshal(data, &f); err != nil {
		return err
	}
	for _, a := range f.Archives {
		entry := sinks.LedgerArchive{SizeBytes: a.SizeBytes, Tag: a.Tag, Status: a.Status, Error: a.Error, CheckpointID: a.CheckpointID}
		if a.ModifiedAt != 0 {
			entry.ModifiedAt = time.UnixMicro(a.ModifiedAt).UTC()
		}
		l.Archives[a.Source], l.StartedAt[a.Source] = entry, arrow.Timestamp(a.StartedAt)
	}
	for _, id := range f.Checkpoints {
		l.Checkpoints[id] = true
	}
	for _, id := range f.Forgotten {
		l.Forgotten[id] = true
	}
	for _, id := range f.Runs {
		l.Runs[id] = true
	}
	for images, list := range f.Digests {
		for _, d := range list {
			l.AddDigest(images, d)
		}
	}
	return nil
}
