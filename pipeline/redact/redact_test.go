package redact_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ckexport/ckexport/pipeline/decode"
	"github.com/ckexport/ckexport/pipeline/redact"
	"github.com/ckexport/ckexport/pipeline/source"
	"github.com/ckexport/ckexport/schema"
)

const archives = "../../testdata/archives/"

var token = regexp.MustCompile(`^hmac-sha256:[0-9a-f]{32}$`)

// decoded decodes a real archive, with all that can be had of it.
func decoded(t *testing.T, name string) *decode.Result {
	t.Helper()
	d := &decode.Decoder{Limits: decode.DefaultLimits(), Raw: true, PayloadLimit: 1 << 16}
	result, err := d.Decode(t.Context(), source.Path(archives+name))
	if err != nil || len(result.Checkpoints) == 0 {
		t.Fatalf("%s: %v", name, err)
	}
	return result
}

func openFile(path string) (io.ReadCloser, error) { return os.Open(path) }

// redaction returns a redaction under the key in dir, which it makes.
func redaction(t testing.TB, dir string, policy ...string) *redact.Redaction {
	t.Helper()
	p, err := redact.ParsePolicy(policy, openFile)
	if err != nil {
		t.Fatal(err)
	}
	key, err := redact.OpenKey(filepath.Join(dir, "key"))
	if err != nil {
		t.Fatal(err)
	}
	return &redact.Redaction{Policy: p, Key: key}
}

func apply(r *redact.Redaction, result *decode.Result) {
	r.Redactor().Redact(&result.Archive, result.Checkpoints, result.Problems)
}

// texts lists the values in a field, each with whether it is NULL.
func texts(field any) (list []*string) {
	v := reflect.ValueOf(field).Elem()
	var walk func(v reflect.Value)
	walk = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.Pointer:
			if v.IsNil() {
				list = append(list, nil)
				return
			}
			walk(v.Elem())
		case reflect.Slice:
			if v.IsNil() {
				list = append(list, nil)
				return
			}
			if v.Type().Elem().Kind() == reflect.Uint8 {
				s := string(v.Bytes())
				list = append(list, &s)
				return
			}
			for i := range v.Len() {
				walk(v.Index(i))
			}
		case reflect.Struct:
			if _, ok := v.Interface().(time.Time); ok {
				s := fmt.Sprint(v.Interface())
				list = append(list, &s)
				return
			}
			for i := range v.NumField() {
				walk(v.Field(i))
			}
		case reflect.Map:
			keys := v.MapKeys()
			slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
			for _, k := range keys {
				walk(v.MapIndex(k))
			}
		default:
			s := fmt.Sprint(v.Interface())
			list = append(list, &s)
		}
	}
	walk(v)
	return list
}

// comparedColumn is a column of two sets of rows, or a field of the elements of
// a list of structs in one row of them.
type comparedColumn struct {
	name    string
	column  *schema.Column
	was, is schema.Values
}

func columnsOf(table *schema.Table, before, after *schema.Rows) (all []comparedColumn) {
	for i := range table.Columns {
		c := &table.Columns[i]
		was, is := table.Values(before, c), table.Values(after, c)
		if c.Elements == nil {
			all = append(all, comparedColumn{c.Name, c, was, is})
			continue
		}
		for row := range was.Len() {
			old, now := was.Elements(row), is.Elements(row)
			for e := range c.Elements {
				all = append(all, comparedColumn{c.Name + "." + c.Elements[e].Name, &c.Elements[e], old[e], now[e]})
			}
		}
	}
	return all
}

// TestEveryMarkedValueIsReplaced compares all that real archives yield with and
// without redaction: what a policy covers is tokens alone, NULL only where it
// was NULL (or a number), equal where it was equal and different where it was
// not, over all tables and archives; and what no policy covers is as it was.
func TestEveryMarkedValueIsReplaced(t *testing.T) {
	dir := t.TempDir()
	r := redaction(t, dir, "all")
	tokens, values := map[string]string{}, map[string]string{}
	replaced := map[string]int{}
	for _, name := range []string{"everything.tar.zst", "tcp-established.tar.zst", "ghost-files.tar", "nginx.tar.zst", "rootfs-changes.tar.gz",
		"checkpoint-web-7d4b9c6f5-x2x9q_shop-app-2026-11-23T14-34-49Z.tar", "checkpoint-web-fleet-node-1_shop-app-2026-11-23T14-50-52Z.tar"} {
		plain, result := decoded(t, name), decoded(t, name)
		apply(r, result)
		for i, rows := range result.Checkpoints {
			before := plain.Checkpoints[i]
			if rows.CheckpointID != before.CheckpointID {
				t.Errorf("%s: the checkpoint's id changed", name)
			}
			for _, table := range schema.Tables() {
				for _, of := range columnsOf(table, before, rows) {
					c, was, is := of.column, of.was, of.is
					whole := slices.ContainsFunc(c.Sensitive, func(s schema.Sensitivity) bool { return s.Form == schema.FormWhole })
					for row := range was.Len() {
						old, now := texts(was.At(row)), texts(is.At(row))
						where := fmt.Sprintf("%s: %s.%s, row %d", name, table.Name, of.name, row)
						if len(c.Sensitive) == 0 {
							if c.Name != "seconds" && c.Name != "started_at" && !reflect.DeepEqual(old, now) {
								t.Fatalf("%s changed from %v to %v", where, deref(old), deref(now))
							}
							continue
						}
						if !whole {
							continue
						}
						if strings.HasPrefix(c.SQLType(), "U") {
							if len(now) != 1 || now[0] != nil {
								t.Fatalf("%s: number %v stayed", where, deref(now))
							}
							continue
						}
						if len(old) != len(now) {
							t.Fatalf("%s: %d values became %d", where, len(old), len(now))
						}
						for k := range old {
							switch {
							case (old[k] == nil) != (now[k] == nil):
								t.Fatalf("%s: %v became %v", where, old[k], now[k])
							case old[k] == nil:
							case !token.MatchString(*now[k]):
								t.Fatalf("%s: %q is no token", where, *now[k])
							default:
								replaced[table.Name+"."+of.name]++
								if strings.HasSuffix(c.Name, "_raw") || rawOf(table, c, before, row) {
									continue // the token is that of the exact bytes
								}
								if v, ok := values[*now[k]]; ok && v != *old[k] {
									t.Fatalf("%s: %q and %q became equal", where, v, *old[k])
								}
								if v, ok := tokens[*old[k]]; ok && v != *now[k] {
									t.Fatalf("%s: %q became %s and %s", where, *old[k], v, *now[k])
								}
								values[*now[k]], tokens[*old[k]] = *old[k], *now[k]
							}
						}
					}
				}
			}
		}
	}
	for _, column := range []string{"environment.value", "container_specs.args", "container_specs.spec_json", "annotations.value", "log_lines.message",
		"container_log_lines.message", "processes.argv", "processes.cmdline", "pipe_buffers.data", "pipe_buffers.sha256", "tcp_streams.receive_data",
		"ghost_files.data", "ipc_objects.messages", "ipc_objects.message_sha256", "image_entries.entry_json", "archive_members.sha256", "filesystem_entries.sha256", "registers.registers.value_bytes"} {
		if replaced[column] == 0 {
			t.Errorf("no value of %s was seen", column)
		}
	}
}

// rawOf reports whether the text of a row has exact bytes of its own.
func rawOf(t *schema.Table, c *schema.Column, rows *schema.Rows, row int) bool {
	raw := t.Column(c.Name + "_raw")
	return raw != nil && !reflect.ValueOf(t.Values(rows, raw).At(row)).Elem().IsNil()
}

func deref(list []*string) (out []string) {
	for _, s := range list {
		if s == nil {
			out = append(out, "NULL")
		} else {
			out = append(out, *s)
		}
	}
	return out
}

// TestEnvironment checks what is left of environments: names, and values that
// join between the specification and the memory of the process.
func TestEnvironment(t *testing.T) {
	dir := t.TempDir()
	result := decoded(t, "odd-env-argv.tar")
	apply(redaction(t, dir, "env"), result)
	rows := result.Checkpoints[0]
	memory := map[string]string{}
	for _, e := range rows.Environment {
		switch {
		case e.Value.Text == nil:
			if !token.MatchString(*e.Name.Text) {
				t.Errorf("the entry %q without a value stayed", *e.Name.Text)
			}
		case !token.MatchString(*e.Value.Text) || e.Value.Raw != nil && string(e.Value.Raw) != *e.Value.Text:
			t.Errorf("%s=%q, raw %q", *e.Name.Text, *e.Value.Text, e.Value.Raw)
		default:
			memory[*e.Name.Text] = *e.Value.Text
		}
	}
	if memory["AWS_SECRET_ACCESS_KEY"] == "" {
		t.Errorf("names are lost: %v", memory)
	}
	if len(rows.Processes[0].Argv.Text) == 0 || token.MatchString(rows.Processes[0].Argv.Text[0]) {
		t.Errorf("arguments are redacted too: %q", rows.Processes[0].Argv.Text)
	}

	result = decoded(t, "shell-tree.tar.gz")
	apply(redaction(t, dir, "env"), result)
	rows = result.Checkpoints[0]
	joined := 0
	for _, assignment := range rows.ContainerSpecs[0].Env {
		name, value, _ := strings.Cut(assignment, "=")
		for _, e := range rows.Environment {
			if e.PID == 1 && *e.Name.Text == name && e.Value.Text != nil && *e.Value.Text == value {
				joined++
			}
		}
		if !token.MatchString(value) {
			t.Errorf("specification: %q", assignment)
		}
	}
	if joined < 2 {
		t.Errorf("%d variables of %v join with the process's own", joined, rows.ContainerSpecs[0].Env)
	}
}

// TestVerbatim plants a secret variable's value in other columns.
func TestVerbatim(t *testing.T) {
	dir := t.TempDir()
	const secret, short = "swordfish-71", "pin4"
	make := func(line string) (*schema.Archive, *schema.Rows) {
		name, value := "DB_PASSWORD", secret
		other, little := "PIN_TOKEN", short
		message, argument := line, "--password="+secret
		failure := "file " + secret + " is cut short"
		return &schema.Archive{Error: &failure}, &schema.Rows{
			Environment: []schema.EnvironmentVariable{
				{Name: schema.Text{Text: &name}, Value: schema.Text{Text: &value}, Sensitive: true},
				{Name: schema.Text{Text: &other}, Value: schema.Text{Text: &little}, Sensitive: true},
			},
			ContainerLogLines: []schema.ContainerLogLine{{Message: schema.Text{Text: &message}}},
			Processes:         []schema.Process{{Argv: schema.TextList{Text: []string{"mysql", argument}}}},
			PipeBuffers:       []schema.PipeBuffer{{Data: []byte("x" + secret + secret)}},
			SocketQueues:      []schema.QueuedPacket{{PassedPaths: schema.TextList{Text: []string{`a\xff`, "b"}, Raw: [][]byte{[]byte("\xff" + secret), []byte("b")}}}},
			Problems:          []schema.Problem{{Message: failure}},
		}
	}
	r := redaction(t, dir, "env")
	archive, rows := make("connecting with swordfish-71, pin4")
	r.Redactor().Redact(archive, []*schema.Rows{rows}, nil)
	token := *rows.Environment[0].Value.Text
	for what, pair := range map[string][2]string{
		"log":      {*rows.ContainerLogLines[0].Message.Text, "connecting with " + token + ", pin4"},
		"argv":     {rows.Processes[0].Argv.Text[1], "--password=" + token},
		"pipe":     {string(rows.PipeBuffers[0].Data), "x" + token + token},
		"problem":  {rows.Problems[0].Message, "file " + token + " is cut short"},
		"archive":  {*archive.Error, "file " + token + " is cut short"},
		"raw text": {rows.SocketQueues[0].PassedPaths.Text[0], string(rows.SocketQueues[0].PassedPaths.Raw[0])},
	} {
		if pair[0] != pair[1] || strings.Contains(pair[0], secret) {
			t.Errorf("%s: %q, want %q", what, pair[0], pair[1])
		}
	}
	all, err := json.Marshal(rows)
	if err != nil || bytes.Contains(all, []byte(secret)) {
		t.Errorf("left, %v: %s", err, all)
	}
}

// TestVerbatimIsLinear gives environments and texts that are made to need many
// comparisons. It takes hours if the time grows with the square.
func TestVerbatimIsLinear(t *testing.T) {
	rows := &schema.Rows{}
	name := "A_SECRET"
	for i := range 4000 {
		value := strings.Repeat("A", 8+i) + "B"
		rows.Environment = append(rows.Environment, schema.EnvironmentVariable{Name: schema.Text{Text: &name}, Value: schema.Text{Text: &value}, Sensitive: true})
	}
	for i := range 4 {
		value := strings.Repeat("C", 1<<20) + strings.Repeat("D", i)
		rows.Environment = append(rows.Environment, schema.EnvironmentVariable{Name: schema.Text{Text: &name}, Value: schema.Text{Text: &value}, Sensitive: true})
	}
	for _, c := range "ACD" {
		message := strings.Repeat(string(c), 4<<20)
		rows.LogLines = append(rows.LogLines, schema.LogLine{Message: schema.Text{Text: &message}})
	}
	started := time.Now()
	redaction(t, t.TempDir(), "env").Redactor().Redact(&schema.Archive{}, []*schema.Rows{rows}, nil)
	t.Logf("took %v", time.Since(started))
	if got := *rows.LogLines[0].Message.Text; len(got) > 100 {
		t.Errorf("a text with the beginning of thousands of secrets stayed: %d bytes", len(got))
	}
}

// TestRules checks rule files: what they select, and that mistakes are named.
func TestRules(t *testing.T) {
	dir := t.TempDir()
	write := func(text string) string {
		path := filepath.Join(dir, "rules.txt")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	result := decoded(t, "odd-env-argv.tar")
	apply(redaction(t, dir, write("# the team's own rules\n\nenvironment.value where name=*SECRET*\ncontainer_specs.env where name=T?RM\n*.hostname\n"+
		"sockets.*_address\nannotations.* where key=*.TTY\nprocesses.state\n")), result)
	rows := result.Checkpoints[0]
	for _, e := range rows.Environment {
		if secret := *e.Name.Text == "AWS_SECRET_ACCESS_KEY"; e.Value.Text != nil && secret != token.MatchString(*e.Value.Text) {
			t.Errorf("%s=%s", *e.Name.Text, *e.Value.Text)
		}
	}
	for _, e := range rows.ContainerSpecs[0].Env {
		if name, value, _ := strings.Cut(e, "="); (name == "TERM") != token.MatchString(value) {
			t.Errorf("specification: %s", e)
		}
	}
	if !token.MatchString(*rows.Checkpoints[0].Hostname.Text) {
		t.Errorf("host name: %s", *rows.Checkpoints[0].Hostname.Text)
	}
	if s := rows.Processes[0].State; !token.MatchString(*s.Name) || s.Code != nil {
		t.Errorf("state: %s, %v", *s.Name, s.Code)
	}
	for _, a := range rows.Annotations {
		if token.MatchString(a.Key) != token.MatchString(a.Value) || strings.HasSuffix(a.Key, ".TTY") {
			t.Errorf("annotation %s=%s", a.Key, a.Value)
		}
	}
	for rule, want := range map[string]string{
		"environment.valeu":                   `line 1: no column is environment.valeu`,
		"# fine\nenv\nnosuch.*":               `line 3: no column is nosuch.*`,
		"environment":                         `line 1: want a policy, TABLE.COLUMN`,
		"processes.pid":                       `column processes.pid cannot be redacted`,
		"*.checkpoint_id":                     `checkpoint_id cannot be redacted`,
		"archives.source":                     `column archives.source cannot be redacted`,
		"environment.value where nam=x":       `table environment has no text column "nam"`,
		"environment.value where pid=1":       `table environment has no text column "pid"`,
		"environment.value where":             `want a policy`,
		"environment.value if name=x":         `want a policy`,
		"environment.value where =x":          `want a policy`,
		"# nothing but this\n":                `no policy`,
		"environment.value where name *TOKEN": `want a policy`,
	} {
		if _, err := redact.ParsePolicy([]string{write(rule)}, openFile); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", rule, err, want)
		}
	}
	if _, err := redact.ParsePolicy([]string{"envs"}, openFile); err == nil || !strings.Contains(err.Error(), `"envs" is neither a policy`) {
		t.Errorf("envs: %v", err)
	}
	same := []string{}
	for _, list := range [][]string{{"env,args"}, {"args", "env"}, {"env", "args", "env"}} {
		p, err := redact.ParsePolicy(strings.Split(strings.Join(list, ","), ","), openFile)
		if err != nil {
			t.Fatal(err)
		}
		same = append(same, p.String())
	}
	if same[0] != "env, args" || same[1] != same[0] || same[2] != same[0] {
		t.Errorf("one policy has several names: %q", same)
	}
}

// TestAnnotations checks that specifications within annotations are replaced
// with the kinds of secrets that these hold.
func TestAnnotations(t *testing.T) {
	const applied = "kubectl.kubernetes.io/last-applied-configuration"
	make := func() *schema.Rows {
		return &schema.Rows{Annotations: []schema.Annotation{
			{Key: applied, Value: `{"spec":{"containers":[{"env":[{"name":"A","value":"swordfish"}]}]}}`}, {Key: "team", Value: "shop"},
		}}
	}
	for policy, want := range map[string][2]bool{"env": {true, false}, "args": {true, false}, "annotations": {true, true}, "logs": {false, false}} {
		rows := make()
		redaction(t, t.TempDir(), policy).Redactor().Redact(&schema.Archive{}, []*schema.Rows{rows}, nil)
		for i, a := range rows.Annotations {
			if token.MatchString(a.Value) != want[i] {
				t.Errorf("%s: %s=%s", policy, a.Key, a.Value)
			}
		}
	}
}

// TestOptions keeps what mount options say, but for passwords.
func TestOptions(t *testing.T) {
	text := "rw,username=ann,password=swordfish,vers=3"
	rows := &schema.Rows{
		ContainerMounts: []schema.ContainerMount{{Options: []string{"ro", "pass=swordfish"}}},
		Mounts:          []schema.Mount{{Options: schema.Text{Text: &text}}},
	}
	redaction(t, t.TempDir(), "args").Redactor().Redact(&schema.Archive{}, []*schema.Rows{rows}, nil)
	got := append(rows.ContainerMounts[0].Options, *rows.Mounts[0].Options.Text)
	if !regexp.MustCompile(`^ro pass=hmac-sha256:\w{32} rw,username=ann,password=hmac-sha256:\w{32},vers=3$`).MatchString(strings.Join(got, " ")) {
		t.Errorf("%q", got)
	}
}
