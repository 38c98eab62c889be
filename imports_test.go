package ckexport

import (
	"encoding/json"
	"os"
	"os/exec"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/ckexport/ckexport"

// mayImport is the table of docs/architecture.md: which rooms a room may use.
var mayImport = map[string][]string{
	"/cmd/ckexport":                  {"/cmd/ckexport/internal/sandbox", "/pipeline", "/pipeline/source", "/pipeline/source/oci", "/pipeline/source/s3", "/pipeline/archive", "/pipeline/decode", "/pipeline/redact", "/pipeline/yara", "/schema", "/sinks", "/sinks/parquet", "/sinks/duckdb", "/sinks/shards", "/queries", "/queries/rules", "/verify", "/compare", "/plain", "/report", "/units", "/pipeline/extract", "/indicators", "/pipeline/search", "/sinks/iceberg", "/metrics", "/watch", "/objectstore", "/findings", "/inspect", "/sqltext", "/filelock", "/lazyregexp"},
	"/cmd/ckexport/internal/sandbox": nil,
	"/cmd/ckbench":                   {"/cmd/ckbench/measure", "/cmd/ckbench/workload", "/stage", "/units"},
	"/cmd/ckbench/measure":           nil,
	"/cmd/ckbench/workload":          nil,
	"/cmd/ckbench/worker":            {"/cmd/ckbench/measure", "/cmd/ckbench/workload", "/pipeline", "/pipeline/source", "/pipeline/archive", "/pipeline/criu", "/pipeline/decode", "/pipeline/yara", "/queries/rules", "/schema", "/sinks", "/sinks/parquet", "/sinks/duckdb", "/sinks/spool", "/stage"},
	"/pipeline":                      {"/pipeline/source", "/pipeline/archive", "/pipeline/criu", "/pipeline/decode", "/pipeline/redact", "/pipeline/yara", "/schema", "/sinks", "/stage"},
	"/pipeline/source":               {"/pipeline/archive", "/pipeline/layout"},
	"/pipeline/source/oci":           {"/pipeline/archive", "/pipeline/source", "/transport"},
	"/pipeline/source/s3":            {"/objectstore", "/pipeline/archive", "/pipeline/source"},
	"/objectstore":                   {"/transport"},
	"/objectstore/storetest":         {"/objectstore"},
	"/sinks/internal/bucket":         {"/filelock", "/objectstore", "/sinks", "/sinks/internal/staging"},
	"/transport":                     nil,
	"/pipeline/archive":              {"/pipeline/kernel"},
	"/pipeline/kernel":               nil,
	"/pipeline/content":              nil,
	"/pipeline/criu":                 {"/pipeline/kernel"},
	"/pipeline/textclass":            nil,
	"/pipeline/layout":               {"/pipeline/criu"},
	"/pipeline/memory":               {"/pipeline/criu", "/pipeline/textclass"},
	"/pipeline/scan":                 {"/pipeline/criu", "/pipeline/memory", "/pipeline/yara"},
	"/pipeline/unwind":               nil,
	"/pipeline/yara":                 nil,
	"/pipeline/decode":               {"/pipeline/archive", "/pipeline/content", "/pipeline/criu", "/pipeline/kernel", "/pipeline/layout", "/pipeline/memory", "/pipeline/scan", "/pipeline/unwind", "/pipeline/yara", "/schema", "/units", "/lazyregexp"},
	"/pipeline/search":               {"/pipeline/decode", "/pipeline/layout", "/pipeline/memory", "/pipeline/scan", "/pipeline/source", "/schema"},
	"/pipeline/extract":              {"/pipeline/criu", "/pipeline/decode", "/pipeline/layout", "/pipeline/memory", "/pipeline/source", "/plain", "/schema"},
	"/pipeline/redact":               {"/schema"},
	"/schema":                        nil,
	"/sinks":                         {"/schema"},
	"/sinks/internal/contents":       {"/schema", "/sinks"},
	"/sinks/internal/ledger":         {"/schema", "/sinks", "/sinks/internal/contents"},
	"/sinks/internal/local":          {"/sinks", "/sinks/internal/staging"},
	"/sinks/internal/staging":        {"/filelock", "/sinks"},
	"/sinks/internal/parquetfile":    nil,
	"/sinks/spool":                   {"/schema", "/sinks", "/sinks/internal/parquetfile", "/sinks/internal/staging", "/stage"},
	"/sinks/parquet":                 {"/objectstore", "/schema", "/sinks", "/sinks/internal/bucket", "/sinks/internal/contents", "/sinks/internal/ledger", "/sinks/internal/local", "/sinks/internal/order", "/sinks/internal/staging", "/sinks/spool"},
	"/sinks/duckdb":                  {"/schema", "/sinks", "/sinks/internal/contents", "/sinks/internal/local", "/sinks/internal/staging", "/sinks/spool", "/sqltext"},
	"/sinks/iceberg":                 {"/objectstore", "/sinks/iceberg/internal/catalogs", "/sinks/iceberg/internal/restcatalog", "/sinks/iceberg/internal/sqlcatalog", "/sinks/internal/bucket", "/schema", "/sinks", "/sinks/internal/contents", "/sinks/internal/ledger", "/sinks/internal/local", "/sinks/internal/order", "/sinks/internal/staging", "/sinks/spool"},
	"/sinks/internal/order":          {"/schema", "/sinks/internal/contents", "/sinks/internal/staging", "/sinks/spool"},
	"/sinks/shards":                  {"/schema", "/sinks", "/sinks/internal/contents", "/sinks/internal/ledger", "/sinks/internal/order", "/sinks/internal/staging", "/sinks/spool"},
	"/sinks/sinktest":                {"/schema", "/sinks"},
	"/queries":                       {"/schema", "/sinks", "/sqltext"},
	"/queries/rules":                 {"/pipeline/yara"},
	"/plain":                         nil,
	"/sqltext":                       nil,
	"/filelock":                      nil,
	"/lazyregexp":                    nil,
	"/stage":                         nil,
	"/units":                         nil,
	"/findings":                      {"/plain", "/queries", "/sqltext"},
	"/report":                        {"/findings", "/plain", "/queries", "/sqltext", "/units", "/lazyregexp"},
	"/compare":                       {"/schema", "/sqltext", "/units", "/lazyregexp"},
	"/inspect":                       {"/plain", "/queries", "/sqltext", "/units"},
	"/metrics":                       {"/filelock", "/pipeline", "/schema"},
	"/watch":                         {"/pipeline/archive", "/pipeline/source"},
	"/deploy/image":                  nil,
	"/indicators":                    {"/schema", "/sqltext", "/lazyregexp"},
	"/verify":                        {"/filelock", "/pipeline", "/pipeline/archive", "/pipeline/decode", "/pipeline/source", "/schema", "/sinks", "/sqltext", "/units"},

	"/sinks/iceberg/internal/catalogs":    nil,
	"/sinks/iceberg/internal/restcatalog": {"/sinks/iceberg/internal/catalogs", "/transport"},
	"/sinks/iceberg/resttest":             nil,
	"/sinks/iceberg/internal/sqlcatalog":  {"/sinks/iceberg/internal/catalogs", "/transport"},
}

// TestImports checks that packages import in one direction, and nothing that
// is not theirs.
func TestImports(t *testing.T) {
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(strings.NewReader(string(out)))
	for decoder.More() {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := decoder.Decode(&p); err != nil {
			t.Fatal(err)
		}
		room := strings.TrimPrefix(p.ImportPath, module)
		allowed, known := mayImport[room]
		if !known && room != "" {
			t.Errorf("%s is a room that docs/architecture.md and this test do not know", room)
		}
		for _, i := range p.Imports {
			if other, ours := strings.CutPrefix(i, module); ours && !slices.Contains(allowed, other) {
				t.Errorf("%s must not import %s", room, other)
			}
		}
	}
}

// TestArchitectureTable checks that docs/architecture.md says of each room that has a
// row of its own what the room may import, by the last parts of their paths.
func TestArchitectureTable(t *testing.T) {
	document, err := os.ReadFile("docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	rooms := map[string]bool{}
	for room := range mayImport {
		rooms[path.Base(room)] = true
	}
	found := 0
	for _, row := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\|.*\\| ([^|]+) \\|$").FindAllStringSubmatch(string(document), -1) {
		allowed, isRoom := mayImport["/"+row[1]]
		if !isRoom || row[2] == "everything below" {
			continue
		}
		found++
		var want []string
		for _, room := range allowed {
			want = append(want, path.Base(room))
		}
		told := regexp.MustCompile(`[,;] `).Split(row[2], -1)
		for _, room := range want {
			if !slices.Contains(told, room) {
				t.Errorf("%s may import %s, which its row does not say", row[1], room)
			}
		}
		for _, room := range told {
			if rooms[room] && !slices.Contains(want, room) {
				t.Errorf("%s must not import %s, which its row says", row[1], room)
			}
		}
	}
	if found < 30 {
		t.Errorf("%d rows of rooms were found", found)
	}
}
