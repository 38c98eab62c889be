package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
)

// hostileMetadata are documents and logs that are larger, deeper or odder than
// any engine writes.
func hostileMetadata() []hostile {
	member := func(name string, content func() string) func(t *testing.T) []tarEntry {
		return func(*testing.T) []tarEntry { return []tarEntry{entryOf(name, []byte(content()))} }
	}
	mine := " JOIN checkpoints USING (checkpoint_id) WHERE archive_name = 'hostile'"
	return []hostile{
		{name: "JSON 10,000 levels deep", status: "partial", write: withMembers(func(*testing.T) []tarEntry {
			deep := []byte(strings.Repeat("[", 10_001) + strings.Repeat("]", 10_001))
			object := []byte(strings.Repeat(`{"a":`, 100_000))
			return []tarEntry{entryOf("spec.dump", deep), entryOf("config.dump", object), entryOf("network.status", deep), entryOf("deleted.files", deep), entryOf("index.json", deep)}
		})},
		{name: "JSON of huge lists", status: "partial", limit: "max-archive-memory", write: withMembers(member("spec.dump", func() string {
			return `{"mounts":[{}` + strings.Repeat(",{}", 15<<20) + `]}`
		}))},
		{name: "JSON larger than allowed", status: "partial", limit: "max-metadata", write: withMembers(member("network.status", func() string {
			return `{"x":"` + strings.Repeat("x", 65<<20) + `"}`
		}))},
		{name: "manifests that name one configuration", status: "ok", write: withMembers(func(*testing.T) []tarEntry {
			var list []string
			for range 20_000 {
				list = append(list, `{"Config":"`+strings.Repeat("c", 64)+`.json","RepoTags":["a"],"Layers":["b"]}`)
			}
			config := `{"created":"2026-11-23T14:49:12Z","x":"` + strings.Repeat("x", 3<<20) + `"}`
			return []tarEntry{entryOf("manifest.json", []byte("["+strings.Join(list, ",")+"]")), entryOf(strings.Repeat("c", 64)+".json", []byte(config))}
		})},
		{name: "annotations that steer terminals", status: "ok", both: true, write: withMembers(func(*testing.T) []tarEntry {
			var annotations []string
			for i, evil := range evilNames {
				annotations = append(annotations, fmt.Sprintf("%q: %s, %s: %s", fmt.Sprint(i), jsonText(evil), jsonText(evil), jsonText(evil+"\x00")))
			}
			return []tarEntry{entryOf("spec.dump", []byte(`{"ociVersion":`+jsonText("\x00\u009b31m")+`,"root":{"path":"/"},"process":{"cwd":"/","args":[`+jsonText("a\x00\x1b[2J")+`],"env":["X=\u0000"]},"annotations":{`+strings.Join(annotations, ",")+`}}`))}
		}), query: "SELECT count(*) FROM container_specs" + mine, answer: "1"},
		{name: "logs without a newline", status: "partial", limit: "max-archive-memory", write: func(t *testing.T, out io.Writer) {
			writeTar(t, out, healthyMembers(t)...)
			const size = 256 << 20
			line := []byte(strings.Repeat("x", 1<<20))
			for _, name := range []string{"dump.log", "ctr.log"} {
				write(t, out, rawHeader('0', "logs/"+name, size))
				for range size / len(line) {
					write(t, out, line)
				}
			}
			endTar(t, out)
		}},
		{name: "logs of empty lines", status: "partial", write: withMembers(member("logs/dump.log", func() string { return strings.Repeat("\n", 4<<20) })),
			limit: "max-archive-memory", memory: 512 << 20, both: true, query: "SELECT count(*) BETWEEN 100000 AND 1000000 FROM log_lines" + mine, answer: "true"},
		{name: "logs of a hole", status: "partial", limit: "max-archive-memory", both: true, write: func(t *testing.T, out io.Writer) {
			writeTar(t, out, healthyMembers(t)...)
			const size = 1 << 30
			file := out.(*os.File)
			for _, name := range []string{"dump.log", "ctr.log"} {
				write(t, out, rawHeader('0', "logs/"+name, size))
				if _, err := file.Seek(size, io.SeekCurrent); err != nil {
					t.Fatal(err)
				}
			}
			endTar(t, out)
		}},
		{name: "a million deleted files", status: "partial", limit: "max-archive-memory", both: true, write: withMembers(member("deleted.files", func() string {
			return `["/a"` + strings.Repeat(`,"/a"`, 1_000_000) + `]`
		}))},
		{name: "firewall lines of megabytes", status: "partial", limit: "max-archive-memory", write: withMembers(func(t *testing.T) []tarEntry {
			line := "table ip x {\n chain y {\n" + strings.Repeat("a ", 10<<20) + "\n}\n}\n"
			return []tarEntry{imageEntry(t, "nftables-9.img", []byte(line)), imageEntry(t, "iptables-9.img", []byte("*filter\n-A INPUT "+strings.Repeat("a ", 10<<20)+"\nCOMMIT\n"))}
		})},
	}
}

// jsonText writes a text in JSON, bytes that are no text as they are.
func jsonText(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\t", `\t`, "\x00", `\u0000`, "\x1b", `\u001b`, "\x07", `\u0007`).Replace(s) + `"`
}
