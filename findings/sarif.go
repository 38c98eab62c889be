package findings

import (
	"encoding/json"
	"fmt"
	"io"
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
		Tool        sarifTool         `json:"tool"`
		Invocations []sarifInvocation `json:"invocations"`
		ColumnKind  string            `json:"columnKind"`
		Results     []sarifResult     `json:"results"`
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
		Logical []sarifLogical `json:"logicalLocations"`
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

// WriteSARIF writes the findings as a log of SARIF 2.1.0. Whether there is a baseline
// tells whether findings have a state against it.
func (r *Result) WriteSARIF(out io.Writer, version string, hasBaseline bool) error {
	run := sarifRun{
		Tool: sarifTool{Driver: sarifDriver{Name: "ckexport", Version: version}}, ColumnKind: "unicodeCodePoints",
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
	for _, f := range r.Findings {
		run.Results = append(run.Results, sarifResultOf(f, index[f.Query.Name], hasBaseline))
	}
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", " ")
	return encoder.Encode(sarifLog{Schema: "https://json.schemastore.org/sarif-2.1.0.json", Version: "2.1.0", Runs: []sarifRun{run}})
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

func sarifResultOf(f *Finding, rule int, hasBaseline bool) sarifResult {
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
		Locations:    []sarifLocation{{Logical: []sarifLogical{{Name: plain.Printable(name), FullName: plain.Printable(full), Kind: "resource"}}}},
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
