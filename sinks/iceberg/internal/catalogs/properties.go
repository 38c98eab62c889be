package catalogs

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"syscall"

	"github.com/agnivade/levenshtein"
)

// Keys of properties, as Iceberg's own libraries have them.
const (
	Type           = "type"
	Name           = "name" // catalog_name of SQL catalogs
	URI            = "uri"
	Warehouse      = "warehouse"
	Prefix         = "prefix"
	Token          = "token"
	Credential     = "credential"
	Scope          = "scope"
	OAuth2Server   = "oauth2-server-uri"
	Header         = "header." // and the name of a header
	S3Endpoint     = "s3.endpoint"
	S3Region       = "s3.region"
	ClientRegion   = "client.region"
	S3KeyID        = "s3.access-key-id"
	S3Secret       = "s3.secret-access-key"
	S3SessionToken = "s3.session-token"
	S3PathStyle    = "s3.path-style-access"
	User           = "jdbc.user"
	Password       = "jdbc.password"
)

var known = []string{
	Type, Name, URI, Warehouse, Prefix, Token, Credential, Scope, OAuth2Server, S3Endpoint, S3Region, ClientRegion, S3KeyID, S3Secret, S3SessionToken, S3PathStyle,
	User, Password,
}

// foreign are keys by which other libraries choose their own code: a file may be
// shared with programs that need them.
var foreign = []string{
	"catalog-impl", "io-impl", "py-io-impl", "metrics-reporter-impl", "clients", "cache-enabled", "cache.case-sensitive", "cache.expiration-interval-ms",
	"rest-metrics-reporting-enabled",
}

// Properties say where a catalog is, and how it is reached.
type Properties struct {
	Path    string // of the file
	values  map[string]string
	secrets []string
}

// Read reads a file of properties: a line for each, KEY=VALUE or KEY: VALUE, with
// ${NAME} for variables of the environment. Comments begin with #. A secret that
// stands in it as it is must be in a file that only its owner reads: a warning would
// be read by nobody where a timer runs the program.
func Read(path string) (*Properties, error) {
	p := &Properties{Path: path, values: map[string]string{}}
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) // opening a FIFO would wait for ever
	if err != nil {
		return nil, fmt.Errorf("reading the catalog's properties: %w", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, fmt.Errorf("reading the catalog's properties: %w", err)
	}
	if !info.Mode().IsRegular() { // a command reads it each time that it connects
		return nil, fmt.Errorf("reading the catalog's properties: %q is not a file", path)
	}
	data, err := io.ReadAll(file)
	if err != nil {
		return nil, fmt.Errorf("reading the catalog's properties: %w", err)
	}
	isShared := runtime.GOOS != "windows" && info.Mode().Perm()&0o044 != 0
	n := 0
	for line := range strings.Lines(string(data)) {
		n++
		if err := p.line(strings.TrimSpace(line), isShared); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, n, err)
		}
	}
	for _, key := range []string{Type, URI} {
		if p.values[key] == "" {
			return nil, fmt.Errorf("%s: no property %s", path, key)
		}
	}
	return p, nil
}

func (p *Properties) line(text string, isShared bool) error {
	if text == "" || text[0] == '#' || text[0] == '!' {
		return nil
	}
	at := strings.IndexAny(text, "=:")
	if at < 0 {
		return errors.New("want KEY=VALUE") // the line itself may be a secret
	}
	key, literal := strings.TrimSpace(text[:at]), strings.TrimSpace(text[at+1:])
	if err := check(key); err != nil {
		return err
	}
	if _, twice := p.values[key]; twice {
		return fmt.Errorf("%s is there twice", key)
	}
	value, err := expand(literal)
	if err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	secret := secretOf(key, value)
	if secret != "" && isShared && secretOf(key, literal) == secret {
		return fmt.Errorf("%s holds a secret, and others than its owner may read the file: chmod 600 it, or take the secret from the environment, ${NAME}", key)
	}
	p.values[key] = value
	if secret != "" {
		p.secrets = append(p.secrets, secret)
		if _, behind, ok := strings.Cut(secret, ":"); ok && key == Credential {
			p.secrets = append(p.secrets, behind)
		}
	}
	return nil
}

// check refuses keys that nothing knows.
func check(key string) error {
	switch {
	case slices.Contains(known, key), slices.Contains(foreign, key), strings.HasPrefix(key, Header) && key != Header:
		return nil
	case strings.HasPrefix(key, "rest.sig"):
		return fmt.Errorf("%s: requests signed for AWS (SigV4) are not supported; use token or credential", key)
	}
	distance := func(name string) int { return levenshtein.ComputeDistance(key, name) }
	nearest := slices.MinFunc(append(slices.Clone(known), Header), func(a, b string) int { return distance(a) - distance(b) })
	if distance(nearest) <= 1+len(key)/3 {
		return fmt.Errorf("unknown property %q: did you mean %s?", key, nearest)
	}
	return fmt.Errorf("unknown property %q", key)
}

var variable = regexp.MustCompile(`\$\{([A-Za-z_][A-Za-z0-9_]*)\}`)

// expand puts in what the environment has.
func expand(text string) (string, error) {
	var missing []string
	text = variable.ReplaceAllStringFunc(text, func(reference string) string {
		name := reference[2 : len(reference)-1]
		value, ok := os.LookupEnv(name)
		if !ok {
			missing = append(missing, name)
		}
		return value
	})
	if len(missing) > 0 {
		return "", fmt.Errorf("the environment has no %s", strings.Join(missing, ", "))
	}
	return text, nil
}

// secretOf returns what of a value is secret: all, or the password in a URL.
func secretOf(key, value string) string {
	switch {
	case slices.Contains([]string{Token, Credential, S3Secret, S3SessionToken, Password}, key), strings.HasPrefix(key, Header) && isSecretHeader(key):
		return value
	case key == URI:
		if u, err := url.Parse(strings.TrimPrefix(value, "jdbc:")); err == nil {
			password, _ := u.User.Password()
			if password == "" {
				password = u.Query().Get("password")
			}
			return password
		}
	}
	return ""
}

func isSecretHeader(key string) bool {
	name := strings.ToLower(key)
	return slices.ContainsFunc([]string{"authorization", "token", "key", "secret", "cookie"}, func(word string) bool { return strings.Contains(name, word) })
}

// Get returns a property; empty for none.
func (p *Properties) Get(key string) string { return p.values[key] }

// Headers returns the headers of requests.
func (p *Properties) Headers() map[string]string {
	headers := map[string]string{}
	for key, value := range p.values {
		if name, ok := strings.CutPrefix(key, Header); ok {
			headers[name] = value
		}
	}
	return headers
}

// Merge returns properties with those that a server says: its defaults count less,
// what it overrides more. Keys that nothing here knows are left out.
func (p *Properties) Merge(defaults, overrides map[string]string) *Properties {
	merged := &Properties{Path: p.Path, values: map[string]string{}, secrets: slices.Clone(p.secrets)}
	for _, from := range []map[string]string{defaults, p.values, overrides} {
		for key, value := range from {
			if check(key) != nil {
				continue
			}
			merged.values[key] = value
			if secret := secretOf(key, value); secret != "" {
				merged.secrets = append(merged.secrets, secret)
			}
		}
	}
	return merged
}

// Hide takes the secrets out of a text.
func (p *Properties) Hide(text string) string {
	for _, secret := range p.secrets {
		text = strings.ReplaceAll(text, secret, "...")
	}
	return text
}

// PathOf returns a path as it is from where the file of the properties lies.
func (p *Properties) PathOf(path string) (string, error) {
	if !filepath.IsAbs(path) {
		path = filepath.Join(filepath.Dir(p.Path), path)
	}
	return filepath.Abs(path)
}
