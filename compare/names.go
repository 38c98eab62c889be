package compare

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ckexport/ckexport/lazyregexp"
	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sqltext"
)

// Checkpoint is what names a checkpoint of an output. All but the id may be
// empty, where the output does not tell.
type Checkpoint struct {
	ID            string
	ContainerID   string
	ContainerName string
	PodNamespace  string
	PodName       string
	TakenAt       time.Time // zero if unknown
	// Seq numbers the checkpoints of a container, as checkpoint_seq of view fleet
	// does.
	Seq      int64
	Last     bool // no later one of the container is there
	Status   schema.Status
	DumpKind string
	// Archives are the base names of the archives that hold it, and Sources
	// their paths; the first is the one it was exported from.
	Archives, Sources []string
}

// NameError says that a name does not mean one checkpoint.
type NameError struct {
	Name   string
	Reason string
	// Candidates are the checkpoints it means, or those that come near.
	Candidates []Checkpoint
}

func (e *NameError) Error() string { return fmt.Sprintf("%q %s", e.Name, e.Reason) }

// Checkpoints lists those of the output, by time.
func (o *Output) Checkpoints(ctx context.Context) ([]Checkpoint, error) {
	if !o.hasColumns("checkpoints", "checkpoint_id", "source", "archive_name", "container_id", "container_name", "pod_namespace", "pod_name", "checkpointed_at", "dumped_at", "status", "dump_kind") {
		return o.ids(ctx)
	}
	all, err := o.scan(ctx, `SELECT checkpoint_id, coalesce(container_id, ''), coalesce(container_name, ''), coalesce(pod_namespace, ''), coalesce(pod_name, ''),
       coalesce(checkpointed_at, dumped_at) AS taken_at,
       row_number() OVER container AS seq, lead(checkpoint_id) OVER container IS NULL,
       status, coalesce(dump_kind, ''), archive_name, source
FROM checkpoints WHERE checkpoint_id IS NOT NULL
WINDOW container AS (PARTITION BY coalesce(container_id, checkpoint_id) ORDER BY coalesce(checkpointed_at, dumped_at), checkpoint_id)
ORDER BY taken_at, checkpoint_id`)
	if err != nil || !o.hasColumns("archives", "checkpoint_id", "archive_name", "source") {
		return all, err
	}
	return all, o.addCopies(ctx, all)
}

// ids lists the checkpoints of an output that was made without the table of
// them: nothing but their ids is known.
func (o *Output) ids(ctx context.Context) ([]Checkpoint, error) {
	var parts []string
	tables, _ := o.Tables(func(*schema.Table) bool { return true })
	for _, t := range tables {
		parts = append(parts, "SELECT checkpoint_id FROM "+sqltext.Identifier(t.Name))
	}
	if len(parts) == 0 {
		return nil, nil
	}
	return o.scan(ctx, "SELECT DISTINCT checkpoint_id, '', '', '', '', NULL::TIMESTAMPTZ, 1::BIGINT, true, '', '', '', '' FROM ("+
		strings.Join(parts, " UNION ALL ")+") WHERE checkpoint_id IS NOT NULL ORDER BY 1")
}

func (o *Output) scan(ctx context.Context, query string) ([]Checkpoint, error) {
	rows, err := o.db.QueryContext(ctx, query)
	if err != nil {
		return nil, fmt.Errorf("listing checkpoints: %w", err)
	}
	defer rows.Close()
	var all []Checkpoint
	for rows.Next() {
		var c Checkpoint
		var taken sql.NullTime
		var archive, source string
		if err := rows.Scan(&c.ID, &c.ContainerID, &c.ContainerName, &c.PodNamespace, &c.PodName, &taken, &c.Seq, &c.Last, &c.Status, &c.DumpKind, &archive, &source); err != nil {
			return nil, fmt.Errorf("listing checkpoints: %w", err)
		}
		if taken.Valid {
			c.TakenAt = taken.Time.UTC()
		}
		if archive != "" {
			c.Archives, c.Sources = []string{archive}, []string{source}
		}
		all = append(all, c)
	}
	return all, rows.Err()
}

// addCopies adds the names of other archives that hold the same checkpoint.
func (o *Output) addCopies(ctx context.Context, all []Checkpoint) error {
	at := map[string]int{}
	for i, c := range all {
		at[c.ID] = i
	}
	rows, err := o.db.QueryContext(ctx, "SELECT DISTINCT checkpoint_id, archive_name, source FROM archives WHERE checkpoint_id IS NOT NULL ORDER BY ALL")
	if err != nil {
		return fmt.Errorf("listing archives: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var id, archive, source string
		if err := rows.Scan(&id, &archive, &source); err != nil {
			return fmt.Errorf("listing archives: %w", err)
		}
		if i, ok := at[id]; ok && !slices.Contains(all[i].Sources, source) {
			all[i].Archives, all[i].Sources = append(all[i].Archives, archive), append(all[i].Sources, source)
		}
	}
	return rows.Err()
}

// Find returns the checkpoint that a name means: an id or its beginning, the
// name of an archive with or without its ending, its path, or a container with
// a time or number, which one that has a single checkpoint does not need. A
// container is namespace/pod/container, or what stands behind either slash. The error for any other number of checkpoints than one is
// a *NameError.
func Find(all []Checkpoint, name string) (Checkpoint, error) {
	// What is exactly the name comes before what is nearly: an archive x.tar.tar
	// does not make x.tar mean two.
	for _, means := range []func(Checkpoint) bool{
		func(c Checkpoint) bool { return c.ID == name },
		func(c Checkpoint) bool {
			return slices.Contains(c.Archives, name) || slices.Contains(c.Sources, absolute(name))
		},
		nearly(name),
		func(c Checkpoint) bool { return c.isOf(name) && c.Seq == 1 && c.Last },
	} {
		switch found := matching(all, means); len(found) {
		case 0:
		case 1:
			return found[0], nil
		default:
			return Checkpoint{}, &NameError{Name: name, Reason: fmt.Sprintf("means %d checkpoints", len(found)), Candidates: found}
		}
	}
	return Checkpoint{}, unknown(all, name)
}

// absolute returns a path as the output has it; of what is no path, nothing.
func absolute(name string) string {
	if !strings.ContainsRune(name, filepath.Separator) {
		return ""
	}
	p, err := filepath.Abs(name)
	if err != nil {
		return ""
	}
	return p
}

var idPrefix = lazyregexp.New(`^[0-9a-f]{6,}$`)

// nearly matches by the beginning of an id, an archive's name without ending,
// or a container at a time.
func nearly(name string) func(Checkpoint) bool {
	container, when, isAt := cutWhen(name)
	matchesTime := func(Checkpoint) bool { return false }
	if isAt {
		matchesTime = at(when)
	}
	return func(c Checkpoint) bool {
		return idPrefix().MatchString(name) && strings.HasPrefix(c.ID, name) ||
			slices.ContainsFunc(c.Archives, func(a string) bool { return withoutEnding(a) == name }) ||
			isAt && c.isOf(container) && matchesTime(c)
	}
}

// isOf tells whether a checkpoint is of the container of that name, or of one with
// more in front of it, or of an id that begins so.
func (c Checkpoint) isOf(container string) bool {
	full := c.Container()
	return container != "" && (full == container || strings.HasSuffix(full, "/"+container) || idPrefix().MatchString(container) && strings.HasPrefix(c.ContainerID, container))
}

var digits = lazyregexp.New(`^[0-9]+$`)

// at matches checkpoints by number or time.
func at(when string) func(Checkpoint) bool {
	switch {
	case when == "last":
		return func(c Checkpoint) bool { return c.Last }
	case when == "first":
		return func(c Checkpoint) bool { return c.Seq == 1 }
	case digits().MatchString(when):
		n, err := strconv.ParseInt(when, 10, 64)
		return func(c Checkpoint) bool { return err == nil && c.Seq == n }
	}
	if t, err := time.Parse(time.RFC3339Nano, when); err == nil {
		unit := time.Second // as far as the name goes
		if strings.Contains(when, ".") {
			unit = time.Microsecond
		}
		return func(c Checkpoint) bool {
			return !c.TakenAt.IsZero() && c.TakenAt.Truncate(unit).Equal(t.Truncate(unit))
		}
	}
	if !timePrefix().MatchString(when) {
		return func(Checkpoint) bool { return false }
	}
	when = strings.Replace(when, " ", "T", 1)
	return func(c Checkpoint) bool {
		return !c.TakenAt.IsZero() && strings.HasPrefix(c.TakenAt.Format("2006-01-02T15:04:05.999999Z"), when)
	}
}

var timePrefix = lazyregexp.New(`^\d{4}-[-0-9T: .]*$`)

// matching returns the checkpoints that are meant.
func matching(all []Checkpoint, means func(Checkpoint) bool) []Checkpoint {
	var found []Checkpoint
	for _, c := range all {
		if means(c) {
			found = append(found, c)
		}
	}
	return found
}

// archiveEndings are the endings of archives' names, outermost first.
var archiveEndings = [][]string{{".gz", ".zst", ".xz", ".bz2"}, {".tar", ".tgz", ".tzst", ".txz"}}

// withoutEnding returns the name of an archive without .tar, .tar.gz and so on.
func withoutEnding(name string) string {
	for _, endings := range archiveEndings {
		if ending := path.Ext(name); slices.Contains(endings, ending) {
			name = strings.TrimSuffix(name, ending)
		}
	}
	return name
}

// cutWhen cuts a name at its last @, behind which it says which checkpoint of a
// container it means.
func cutWhen(name string) (container, when string, found bool) {
	i := strings.LastIndexByte(name, '@')
	if i < 0 {
		return name, "", false
	}
	return name[:i], name[i+1:], true
}

// unknown says that a name means nothing, with what comes near: checkpoints of
// that container, else those with a name that contains it.
func unknown(all []Checkpoint, name string) error {
	container, _, isAt := cutWhen(name)
	near := matching(all, func(c Checkpoint) bool { return c.isOf(container) })
	e := &NameError{Name: name, Reason: "means no checkpoint", Candidates: near}
	switch {
	case len(near) > 0 && !isAt:
		e.Reason = "names a container; say which of its checkpoints, such as " + container + "@last"
	case len(near) > 0:
		e.Reason = "means no checkpoint of that container"
	default:
		e.Candidates = matching(all, func(c Checkpoint) bool {
			return container != "" && (strings.Contains(c.Container(), container) || slices.ContainsFunc(c.Archives, func(a string) bool { return strings.Contains(a, container) }))
		})
	}
	return e
}

// Container returns namespace/pod/container, as far as they are known; empty where
// the container has no name.
func (c Checkpoint) Container() string {
	if c.ContainerName == "" {
		return ""
	}
	parts := slices.DeleteFunc([]string{c.PodNamespace, c.PodName, c.ContainerName}, func(s string) bool { return s == "" })
	return strings.Join(parts, "/")
}

// Name returns a name that means the checkpoint: its container with a number,
// where it has one.
func (c Checkpoint) Name() string {
	if name := cmp.Or(c.Container(), c.ContainerID[:min(len(c.ContainerID), 12)]); name != "" {
		return name + "@" + strconv.FormatInt(c.Seq, 10)
	}
	return c.ID
}

// CheckpointOf returns what names a checkpoint that is in no output yet; Seq and Last
// are settled by Number.
func CheckpointOf(id string, row *schema.Checkpoint, from *schema.Archive) Checkpoint {
	text := func(s *string) string {
		if s == nil {
			return ""
		}
		return *s
	}
	c := Checkpoint{
		ID: id, ContainerID: text(row.ContainerID), ContainerName: text(row.ContainerName), PodNamespace: text(row.PodNamespace), PodName: text(row.PodName),
		Status: row.Status, Archives: []string{from.ArchiveName}, Sources: []string{from.Source},
	}
	switch {
	case row.CheckpointedAt != nil:
		c.TakenAt = row.CheckpointedAt.UTC()
	case row.DumpedAt != nil:
		c.TakenAt = row.DumpedAt.UTC()
	}
	return c
}

// Number numbers the checkpoints of each container by time, and puts all in that
// order, as Checkpoints does.
func Number(all []Checkpoint) {
	slices.SortFunc(all, func(a, b Checkpoint) int { return cmp.Or(a.TakenAt.Compare(b.TakenAt), cmp.Compare(a.ID, b.ID)) })
	seq, last := map[string]int64{}, map[string]int{}
	for i := range all {
		of := cmp.Or(all[i].ContainerID, all[i].ID)
		seq[of]++
		all[i].Seq, last[of] = seq[of], i
	}
	for _, i := range last {
		all[i].Last = true
	}
}
