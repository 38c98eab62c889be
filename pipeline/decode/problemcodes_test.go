package decode_test

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/problems.md from the codes in problems.go")

// TestProblemCodes makes docs/problems.md of the constants, and checks that the
// one in the repository is it.
func TestProblemCodes(t *testing.T) {
	source, err := os.ReadFile("problems.go")
	if err != nil {
		t.Fatal(err)
	}
	framing, err := os.ReadFile("../criu/criu.go")
	if err != nil {
		t.Fatal(err)
	}
	imageCodes := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^\t(Code\w+) += "(\w+)"`).FindAllSubmatch(framing, -1) {
		imageCodes["criu."+string(m[1])] = `"` + string(m[2]) + `"`
	}
	var b strings.Builder
	b.WriteString("# Problems\n\nThe values of `problems.code`, made from pipeline/decode/problems.go by `make docs`. `severity` is `error`: data is missing; `warning`: data may\n" +
		"be missing, or does not fit together; or `info`: nothing is missing. An archive with an error is `partial` or `failed`.\n\n| code | meaning |\n| --- | --- |\n")
	codes := 0
	_, consts, _ := strings.Cut(string(source), "// Codes of problems.\n")
	for _, m := range regexp.MustCompile(`(?m)^\t\w+ += ("\w+"|criu\.\w+) +// (.*)$`).FindAllStringSubmatch(consts, -1) {
		code := m[1]
		if c, ok := imageCodes[code]; ok {
			code = c
		}
		fmt.Fprintf(&b, "| `%s` | %s |\n", strings.Trim(code, `"`), m[2])
		codes++
	}
	if codes < 20 {
		t.Fatalf("only %d codes found", codes)
	}
	const path = "../../docs/problems.md"
	if *update {
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != b.String() {
		t.Error("docs/problems.md is not current: run make docs")
	}
}
