package findings

import (
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/ckexport/ckexport/plain"
	"github.com/ckexport/ckexport/queries"
)

// What of SARIF 2.1.0 (OASIS, sarif-schema-2.1.0.json) is written.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool        sarifTool           `json:"tool"`
		Invocations []sarifInvocation   `json:"invocations"`
		ColumnKind  string              `json:"columnKind"`
		URIBases    map[string]sarifURI `json:"originalUriBaseIds,omitempty"`
		Results     []sarifResult       `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name    string      `json:"name"`
		Version string      `json:"version,omitempty"`
		Rules   []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID               string             `json:"id"`
		ShortDescription sarifText          `json:"shortDescription"`
		FullDescription  sarifText          `json:"fullDescription"`
		Configuration    sarifConfiguration `json:"defaultConfiguration"`
		Properties       sarifRuleMore      `json:"properties"`
	}
	sarifConfiguration struct {
		Level string `json:"level"`
	}
	sarifRuleMore struct {
		Severity string   `json:"severity"`
		Tags     []string `json:"tags"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifInvocation struct {
		Successful    bool                `json:"executionSuccessful"`
		Notifications []sarifNotification `json:"toolExecutionNotifications,omitempty"`
	}
	sarifNotification struct {
		Level   string    `json:"level"`
		Message sarifText `json:"message"`
		Rule    sarifRef  `json:"associatedRule"`
	}
	sarifRef struct {
		ID    string `json:"id"`
		Index int    `json:"index"`
	}
	sarifResult struct {
		RuleID       string             `json:"ruleId"`
		RuleIndex    int                `json:"ruleIndex"`
		Level        string             `json:"level"`
		Message      sarifText          `json:"message"`
		Locations    []sarifLocation    `json:"locations"`
		Fingerprints map[string]string  `json:"fingerprints"`
		Baseline     string             `json:"baselineState,omitempty"`
		Suppressions []sarifSuppression `json:"suppressions,omitempty"`
		Occurrences  int                `json:"occurrenceCount"`
		Properties   sarifResultMore    `json:"properties"`
	}
	sarifLocation struct {
		Physical sarifPhysical  `json:"physicalLocation"`
		Logical  []sarifLogical `json:"logicalLocations"`
	}
	sarifPhysical struct {
		Artifact sarifURI `json:"artifactLocation"`
	}
	sarifURI struct {
		URI    string `json:"uri"`
		BaseID string `json:"uriBaseId,omitempty"`
	}
	sarifLogical struct {
		Name     string `json:"name"`
		FullName string `json:"fullyQualifiedName"`
		Kind     string `json:"kind"`
	}
	sarifSuppression struct {
		Kind          string `json:"kind"`
		Justification string `json:"justification"`
	}
	sarifResultMore struct {
		Checkpoints []string       `json:"checkpoints"`
		Columns     map[string]any `json:"columns"`
	}
)

// sarifLevels are the levels of severities.
var sarifLevels = map[string]string{"high": "error", "medium": "warning", "low": "note", "info": "note"}

// fingerprintName says by what fingerprints are made.
var fingerprintName = fmt.Sprintf("ckexport/v%d", baselineVersion)

// SARIFOptions says what a log tells besides the findings.
type SARIFOptions struct {
	Version     string // of the program
	HasBaseline bool   // findings have a state against a baseline
	// Folder is the one that the log's relative URIs start from, absolute; those
	// of archives below it are. Empty makes none.
	Folder string
	// Asked is the path or URL of what was asked: the place of findings that are
	// of no checkpoint.
	Asked string
}

// WriteSARIF writes the findings as a log of SARIF 2.1.0.
func (r *Result) WriteSARIF(out io.Writer, opts SARIFOptions) error {
	run := sarifRun{
		Tool: sarifTool{Driver: sarifDriver{Name: "ckexport", Version: opts.Version}}, ColumnKind: "unicodeCodePoints",
		Invocations: []sarifInvocation{{Successful: true}}, Results: []sarifResult{},
	}
	index := map[string]int{}
	for i, q := range queries.Detections() {
		index[q.Name] = i
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRuleOf(q))
	}
	for _, n := range r.NotRun {
		run.Invocations[0].Notifications = append(run.Invocations[0].Notifications, sarifNotification{
			Level: "note", Message: sarifText{"did not run: " + n.Reason}, Rule: sarifRef{n.Query.Name, index[n.Query.Name]},
		})
	}
	if opts.Folder != "" {
		run.URIBases = map[string]sarifURI{sarifBase: {URI: strings.TrimSuffix(uriOf(opts.Folder), "/") + "/"}}
	}
	for _, f := range r.Findings {
		place := opts.Asked
		if len(f.Checkpoints) > 0 && r.Archives[f.Checkpoints[0]] != "" {
			place = r.Archives[f.Checkpoints[0]]
		}
		run.Results = append(run.Results, sarifResultOf(f, index[f.Query.Name], artifactOf(place, opts.Folder), opts.HasBaseline))
	}
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", " ")
	return encoder.Encode(sarifLog{Schema: "https://json.schemastore.org/sarif-2.1.0.json", Version: "2.1.0", Runs: []sarifRun{run}})
}

// sarifBase is the usual name of the folder that what is checked lies in.
const sarifBase = "%SRCROOT%"

// artifactOf says where an archive lies: relative to the folder if it is below it.
func artifactOf(place, folder string) sarifURI {
	if folder != "" && filepath.IsAbs(place) {
		if below, err := filepath.Rel(folder, place); err == nil && filepath.IsLocal(below) {
			return sarifURI{URI: (&url.URL{Path: filepath.ToSlash(below)}).String(), BaseID: sarifBase}
		}
	}
	return sarifURI{URI: uriOf(place)}
}

// uriOf makes a URI of an absolute path, or of the URL of an object or image,
// whose names stand in it as they are.
func uriOf(place string) string {
	if scheme, rest, ok := strings.Cut(place, "://"); ok && !filepath.IsAbs(place) {
		host, path, _ := strings.Cut(rest, "/")
		return (&url.URL{Scheme: scheme, Host: host, Path: "/" + path}).String()
	}
	path := filepath.ToSlash(place)
	if !strings.HasPrefix(path, "/") { // a drive's letter
		path = "/" + path
	}
	return (&url.URL{Scheme: "file", Path: path}).String()
}

func sarifRuleOf(q queries.Query) sarifRule {
	rule := sarifRule{
		ID: q.Name, ShortDescription: sarifText{q.Title}, FullDescription: sarifText{q.Comment()},
		Configuration: sarifConfiguration{sarifLevels[q.Severity]}, Properties: sarifRuleMore{Severity: q.Severity, Tags: []string{q.Group}},
	}
	for _, t := range q.Attack {
		rule.Properties.Tags = append(rule.Properties.Tags, t.ID)
	}
	return rule
}

func sarifResultOf(f *Finding, rule int, archive sarifURI, hasBaseline bool) sarifResult {
	name := f.Container[strings.LastIndex(f.Container, "/")+1:]
	if name == "" {
		name = "fleet" // it is about several containers, or one without a name
	}
	full := f.Container
	if full == "" {
		full = name
	}
	r := sarifResult{
		RuleID: f.Query.Name, RuleIndex: rule, Level: sarifLevels[f.Query.Severity], Message: sarifText{f.message()},
		Locations:    []sarifLocation{{Physical: sarifPhysical{archive}, Logical: []sarifLogical{{Name: plain.Printable(name), FullName: plain.Printable(full), Kind: "resource"}}}},
		Fingerprints: map[string]string{fingerprintName: f.Fingerprint}, Occurrences: f.Rows,
		Properties: sarifResultMore{Checkpoints: f.Checkpoints, Columns: f.JSONColumns()},
	}
	if r.Properties.Checkpoints == nil {
		r.Properties.Checkpoints = []string{}
	}
	if hasBaseline {
		r.Baseline = "new"
		if f.Known {
			r.Baseline = "unchanged"
		}
	}
	if f.Acknowledged != "" {
		r.Suppressions = []sarifSuppression{{Kind: "external", Justification: f.Acknowledged}}
	}
	return r
}

// message is the finding in one line.
func (f *Finding) message() string {
	text := f.Query.Title
	if f.Container != "" {
		text += " in " + f.Container
	}
	if about := f.About(); about != "" {
		text += ": " + about
	}
	return plain.Printable(text)
}

// JSONColumns returns the columns of the first row, as JSON can say them.
func (f *Finding) JSONColumns() map[string]any {
	columns := map[string]any{}
	for _, c := range f.Columns {
		columns[c.Name] = plain.JSON(c.Value)
	}
	return columns
}
