package textclass_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/ckexport/ckexport/pipeline/textclass"
)

// pem is a private key, of no use.
var pem = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIIrYSSNQFaA2Hwf1duRSxKtLYX5CB04fSeQ6tF1aY/PuoAoGCCqGSM49\n-----END EC PRIVATE KEY-----"

// validToken is made up, with a checksum that holds.
const validToken = "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"

// examples are texts, each with what is found in it: class and value.
var examples = []struct {
	text string
	want []string
}{
	{"see https://user:pw@example.com:8443/a/b?x=1&y=%20#f, or (http://10.0.0.7/x).", []string{"url https://user:pw@example.com:8443/a/b?x=1&y=%20#f", "url http://10.0.0.7/x"}},
	{"stratum+tcp://pool.example.org:3333", []string{"url stratum+tcp://pool.example.org:3333"}},
	{"http://", nil},
	{"https://bücher.example/ä", []string{"url https://bücher.example/ä"}},
	{"mail root@mail.example.org. now", []string{"email root@mail.example.org"}},
	{"a@b not.an@address bücher.example.com", nil},
	{"10.1.2.3:8080 1.2.3 256.1.1.1 1.2.3.4.5 v1.2.3.4 127.0.0.1/8", []string{"ipv4 10.1.2.3", "ipv4 127.0.0.1"}},
	{"[2001:db8::1]:80 fe80::1 12:34:56 std::vector dead::beef 00:1a:2b:3c:4d:5e", []string{"ipv6 2001:db8::1", "ipv6 fe80::1"}},
	{"evil.example.com, redis.prod.svc.cluster.local libc.so.6 main.go a.b.c os.path.join", []string{"domain evil.example.com", "domain redis.prod.svc.cluster.local"}},
	{"PATH=/usr/local/bin:/usr/bin x/y/z /a /etc/passwd", []string{"path /usr/local/bin", "path /usr/bin", "path /etc/passwd"}},
	{"id=6ba7b810-9dad-11d1-80b4-00c04fd430c8 00000000-0000-0000-0000-000000000000 6ba7b810-9dad-01d1-80b4-00c04fd430c8", []string{"uuid 6ba7b810-9dad-11d1-80b4-00c04fd430c8"}},
	{"Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl eyJ.eyJ.x", []string{"jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl true"}},
	{"AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE XAKIAIOSFODNN7EXAMPLE", []string{"aws_access_key_id AKIAIOSFODNN7EXAMPLE"}},
	{"GH=ghp_0123456789abcdefghijABCDEFGHIJ012345", []string{"github_token ghp_0123456789abcdefghijABCDEFGHIJ012345 false"}},
	{"token=" + validToken, []string{"github_token " + validToken + " true"}},
	{"\xffhttps://example.com/a\xfe/b\xff /tmp/b\xc3\xbcch\xff", []string{"url https://example.com/a", "path /tmp/b\u00fcch"}},
	{"DB_PASSWORD=hunter2 client_secret --token-file x MEMFD-SECRET-CONTENT pipe-data-TOKEN-12345 secret=", []string{"secret DB_PASSWORD=hunter2", "secret MEMFD-SECRET-CONTENT", "secret pipe-data-TOKEN-12345"}},
	{"4111111111111111 4111-1111-1111-1111 4111111111111112 4444444444444444 41111111111111111111", []string{"credit_card 4111111111111111 true", "credit_card 4111-1111-1111-1111 true"}},
	{"glpat-abcdefghijklmnopqrst sk_live_abcdefghijklmnop", []string{"gitlab_token glpat-abcdefghijklmnopqrst", "stripe_key sk_live_abcdefghijklmnop"}},
	{"x " + pem + " y -----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----", []string{"private_key " + pem}},
}

// scan returns what is found, in parts that each end at a border.
func scan(data []byte, borders ...int) (found []string) {
	var from int
	s := textclass.NewScanner(func(m textclass.Match) {
		line := m.Class.Name + " " + string(m.Value)
		if m.Checksum != nil {
			line += fmt.Sprint(" ", *m.Checksum)
		}
		found = append(found, line)
		if at := string(data[from+m.Offset:]); m.Encoding != textclass.UTF16LE && !strings.HasPrefix(at, string(m.Value)) {
			found = append(found, fmt.Sprintf("%q is not at %d", m.Value, from+m.Offset))
		}
	})
	for _, to := range borders {
		from += s.Scan(data[from:to], false)
	}
	s.Scan(data[from:], true)
	return found
}

// TestExamples: each class is found, in ASCII and UTF-16, whole wherever a border
// of what is scanned at a time lies.
func TestExamples(t *testing.T) {
	for _, e := range examples {
		data := []byte("\x00\x01" + e.text + "\x00")
		got, want := scan(data), slices.Sorted(slices.Values(e.want))
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", e.text, diff)
		}
		for border := range len(data) {
			got := scan(data, border)
			slices.Sort(got)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("%q, border at %d (-want +got):\n%s", e.text, border, diff)
			}
		}
		if strings.Contains(e.text, "-----") || strings.Contains(e.text, "ü") || !utf8.ValidString(e.text) {
			continue
		}
		wide := []byte{0, 0}
		for _, c := range utf16.Encode([]rune(e.text)) {
			wide = append(wide, byte(c), byte(c>>8))
		}
		for border := range len(wide) {
			got := scan(wide, border)
			slices.Sort(got)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("%q in UTF-16, border at %d (-want +got):\n%s", e.text, border, diff)
			}
		}
	}
}

// FuzzScan: nothing makes the scanner panic, and where borders lie changes
// nothing of what is found in words of ordinary length.
func FuzzScan(f *testing.F) {
	for _, e := range examples {
		f.Add([]byte(e.text), uint16(len(e.text)/2))
	}
	f.Fuzz(func(t *testing.T, data []byte, border uint16) {
		if len(data) > 2<<10 {
			return
		}
		whole, parts := scan(data), scan(data, min(int(border), len(data)))
		slices.Sort(whole)
		slices.Sort(parts)
		if diff := cmp.Diff(whole, parts); diff != "" {
			t.Errorf("border at %d (-whole +parts):\n%s", border, diff)
		}
	})
}
