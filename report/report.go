// Package report makes one page about an output, for whoever is on call or
// responds to an incident: what the fleet is, which detections found what,
// how the costly things went over time, and each of the checkpoints that matter most.
//
// What is asked (gather.go, summary.go, detections.go, checkpoints.go, chart*.go)
// is apart from how it is shown (page.go, svg.go, page.html, style.css). The
// page is one file that fetches nothing and runs nothing; all that is in
// it came from archives, so html/template escapes it for the place it stands in,
// and package plain what could steer the reader. Every list is cut at a number of rows and of
// bytes, so the page is as large for any fleet, and says by which command the
// rest is to be had.
package report

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/ckexport/ckexport/plain"
)

// What bounds the page, whatever is in the output.
const (
	maxSections   = 50       // checkpoints with a section of their own
	maxListed     = 500      // checkpoints in the list
	maxCell       = 200      // characters of a value
	detectionRows = 20       // rows of a detection
	tableBytes    = 40 << 10 // of a table's values as HTML
	sectionBytes  = 11 << 10 // the same, of a table in the section of a checkpoint
)

// Options says what to make a page of.
type Options struct {
	Inputs  []string // that the database has, as the caller names them: for the commands on the page
	Version string   // of the tool
	Now     time.Time
}

// Report is what is known of an output, ready to be written as a page.
type Report struct {
	Options
	Fleet      Fleet
	Detections []Detection // those that found something, the most severe first
	Clean      []Detection // those that found nothing
	NotRun     []Detection // those whose tables are missing, or that failed
	Charts     []Chart
	List       Table // of checkpoints
	Sections   []Section
	// Checkpoints is how many there are in all.
	Checkpoints int
}

// Make asks an output all that the page shows. The database remains the
// caller's to close.
func Make(ctx context.Context, db *sql.DB, opts Options) (*Report, error) {
	g, err := newGatherer(ctx, db, opts)
	if err != nil {
		return nil, err
	}
	r := &Report{Options: opts}
	if r.Fleet, err = g.fleet(ctx); err != nil {
		return nil, fmt.Errorf("summing up the fleet: %w", err)
	}
	if err := g.detect(ctx, r); err != nil {
		return nil, err
	}
	if r.Charts, err = g.charts(ctx); err != nil {
		return nil, err
	}
	if err := g.checkpoints(ctx, r); err != nil {
		return nil, err
	}
	r.link()
	return r, nil
}

// link makes ids of checkpoints links, where the page has a section for them.
func (r *Report) link() {
	there := map[string]bool{}
	for _, s := range r.Sections {
		there[s.ID] = true
	}
	tables := []*Table{&r.List}
	for i := range r.Detections {
		tables = append(tables, &r.Detections[i].Table)
	}
	for i := range r.Fleet.Tables {
		tables = append(tables, &r.Fleet.Tables[i])
	}
	for _, t := range tables {
		for _, row := range t.Rows {
			for i := range row {
				if row[i].checkpoint != "" && there[row[i].checkpoint] {
					row[i].Link = "#" + anchor(row[i].checkpoint)
				}
			}
		}
	}
}

// anchor returns the id of the element about a checkpoint.
func anchor(checkpoint string) string { return "c-" + plain.Cell(checkpoint) }

// Anchor returns the id of the section's element.
func (s Section) Anchor() string { return anchor(s.ID) }
