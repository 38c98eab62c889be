package decode_test

import (
	"encoding/json"
	"path"
	"strings"
	"testing"
)

// TestProblemsQuoteNothing breaks metadata in many ways, each with a secret at
// the place: it is told what is wrong, and not what stands there.
func TestProblemsQuoteNothing(t *testing.T) {
	const secret, number = "swordfish-7", "70417041"
	for what, c := range map[string]struct{ member, content string }{
		"time":             {"config.dump", `{"createdTime": "` + secret + `"}`},
		"number":           {"config.dump", `{"name": ` + number + `}`},
		"number, too big":  {"spec.dump", `{"process": {"user": {"uid": ` + number + number + `}}}`},
		"text for list":    {"spec.dump", `{"process": {"env": "` + secret + `"}}`},
		"key":              {"spec.dump", `{"hooks": {"` + secret + `": 5}}`},
		"syntax":           {"spec.dump", `{"process": ` + secret + `}`},
		"deleted files":    {"deleted.files", `{"a": "` + secret + `"}`},
		"bind mounts":      {"bind.mounts", `[{"source": ` + number + `}]`},
		"network status":   {"network.status", `{"` + secret + `": ` + number + `}`},
		"CNI results":      {"network.status", `[{"interfaces": [{"name": ` + number + `}], "` + secret + `": 1}]`},
		"container status": {"status.dump", `{"started_at": "` + secret + `"}`},
		"labels":           {"spec.dump", `{"annotations": {"io.container.manager": "cri-o", "io.kubernetes.cri-o.Labels": "{\"a\": ` + number + `}"}}`},
		"labels, no JSON":  {"spec.dump", `{"annotations": {"io.container.manager": "cri-o", "io.kubernetes.cri-o.Labels": "` + secret + `"}}`},
	} {
		members := readTar(t, own("odd-env-argv.tar"))
		found := false
		for i, m := range members {
			if path.Base(m.header.Name) == c.member {
				members[i].data, found = []byte(c.content), true
			}
		}
		if !found {
			added := members[indexOf(t, members, "spec.dump")]
			added.header.Name, added.data = c.member, []byte(c.content)
			members = append(members, added)
		}
		result := decodeFile(t, writeFile(t, "a.tar", tarOf(t, members)))
		problems := problemsOf(result)
		told := false
		for _, p := range problems {
			told = told || p.Code == "malformed"
		}
		if !told {
			t.Errorf("%s: nothing is told: %+v", what, problems)
		}
		text, err := json.Marshal(problems)
		if err != nil {
			t.Fatal(err)
		}
		if result.Archive.Error != nil {
			text = append(text, *result.Archive.Error...)
		}
		if strings.Contains(string(text), secret) || strings.Contains(string(text), number) || strings.Contains(string(text), "'s'") {
			t.Errorf("%s: %s", what, text)
		}
	}
}
