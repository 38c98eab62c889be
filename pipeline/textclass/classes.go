package textclass

import (
	"slices"
	"sync"
)

// Class is a class of texts.
type Class struct {
	Name string
	// Source tells where the form of its texts is laid down.
	Source string

	needs   kind     // that a word must have
	least   int      // length of a word
	anchors []string // one of which stands in each text; "" for a digit
	// find returns the text around an anchor; an end that is not behind the anchor
	// says that there is none.
	find  func(word []byte, anchor int) (start, end int)
	check func(text []byte) bool // nil for none
	// strict leaves out what does not pass the check: too much else looks the same.
	strict bool
}

// classes lists the classes: of texts that overlap, the one of the first class
// counts, so that the host of a URL is no domain of its own.
var classes = []Class{
	{Name: "url", Source: "RFC 3986", needs: colon | slash, least: 8, anchors: []string{"://"}, find: findURL},
	{Name: "email", Source: "RFC 5321, section 4.1.2; only with a top-level domain", needs: at | dot, least: 6, anchors: []string{"@"}, find: findEmail},
	{Name: "jwt", Source: "RFC 7519, RFC 7515 section 3.1; check: the header is JSON with alg", needs: dot, least: 36, anchors: []string{"eyJ"}, find: findJWT, check: isJWTHeader},
	{Name: "aws_access_key_id", Source: "AWS IAM user guide: unique identifiers", needs: digit, least: 20, anchors: []string{"AKIA", "ASIA", "ABIA", "ACCA"}, find: findAWSKey},
	{Name: "github_token", Source: "GitHub blog: Behind GitHub's new authentication token formats (2021); check: CRC-32 in its last six characters", needs: dash, least: 40,
		anchors: []string{"ghp_", "gho_", "ghu_", "ghs_", "ghr_"}, find: findGitHubToken, check: hasTokenChecksum},
	{Name: "github_pat", Source: "GitHub Docs: fine-grained personal access tokens", needs: dash, least: 93, anchors: []string{"github_pat_"}, find: findToken(11, 82, 82)},
	{Name: "gitlab_token", Source: "GitLab Docs: token overview", needs: dash, least: 26, anchors: []string{"glpat-"}, find: findToken(6, 20, 300)},
	{Name: "npm_token", Source: "GitHub changelog: npm has a new access token format (2021); check: CRC-32 in its last six characters", needs: dash, least: 40,
		anchors: []string{"npm_"}, find: findToken(4, 36, 36), check: hasTokenChecksum},
	{Name: "slack_token", Source: "Slack API: token types", needs: dash, least: 24, anchors: []string{"xoxb-", "xoxp-", "xoxa-", "xoxr-", "xoxs-"}, find: findToken(5, 19, 255)},
	{Name: "stripe_key", Source: "Stripe Docs: API keys", needs: dash, least: 24, anchors: []string{"sk_live_", "rk_live_"}, find: findToken(8, 16, 247)},
	{Name: "google_api_key", Source: "Google Cloud: API keys; 39 characters", needs: inWord, least: 39, anchors: []string{"AIza"}, find: findToken(4, 35, 35)},
	{Name: "uuid", Source: "RFC 9562, sections 4 and 5", needs: dash, least: 36, anchors: []string{"-"}, find: findUUID},
	{Name: "ipv6", Source: "RFC 4291, section 2.2", needs: colon | digit, least: minWord, anchors: []string{":"}, find: findIPv6},
	{Name: "ipv4", Source: "RFC 3986, section 3.2.2: IPv4address", needs: dot | digit, least: 7, anchors: []string{"."}, find: findIPv4},
	{Name: "domain", Source: "RFC 1123, section 2.1; IANA root zone, without what are endings of files too", needs: dot, least: minWord, anchors: []string{"."}, find: findDomain},
	{Name: "credit_card", Source: "ISO/IEC 7812-1: issuers' numbers, and the Luhn check", needs: digit, least: 13, anchors: []string{""}, find: findCard, check: passesLuhn, strict: true},
	{Name: "secret", Source: "gitleaks, rule generic-api-key: a name that secrets go by, and a value; also words that call themselves one, as TOKEN-1234", least: 10,
		anchors: []string{"ecret", "ECRET", "oken", "OKEN", "assw", "ASSW", "pi_key", "PI_KEY", "pikey", "PIKEY"}, find: findSecret},
	{Name: "path", Source: "POSIX.1, 3.170 and 3.271: absolute pathnames of two or more names", needs: slash, least: minWord, anchors: []string{"/"}, find: findPath},
	{Name: "private_key", Source: "RFC 7468, section 10; also of OpenSSH and OpenPGP"}, // no word, see Scanner.Scan
}

// candidates are the classes that a word may have texts of, by what it has.
var candidates = sync.OnceValue(func() *[allKinds + 1][]*Class {
	var lists [allKinds + 1][]*Class
	for has := range lists {
		for i := range classes {
			if c := &classes[i]; c.find != nil && kind(has)&c.needs == c.needs {
				lists[has] = append(lists[has], c)
			}
		}
	}
	return &lists
})

// privateKey is the class of keys in PEM.
var privateKey = &classes[len(classes)-1]

// Classes returns the names of the classes.
func Classes() []string {
	var names []string
	for _, c := range classes {
		names = append(names, c.Name)
	}
	slices.Sort(names)
	return names
}
