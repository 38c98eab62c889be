package sqlcatalog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lib/pq"

	"github.com/ckexport/ckexport/sinks/iceberg/internal/catalogs"
	"github.com/ckexport/ckexport/transport"
)

// database says where a database is.
type database struct {
	path string   // of SQLite's file
	url  *url.URL // of PostgreSQL

	readOnly bool
}

// databaseOf reads what property uri says, in the forms that Java's and Python's
// libraries want.
func databaseOf(p *catalogs.Properties) (database, error) {
	text := strings.TrimPrefix(p.Get(catalogs.URI), "jdbc:")
	scheme, rest, _ := strings.Cut(text, ":")
	scheme, _, _ = strings.Cut(scheme, "+") // postgresql+psycopg2
	switch scheme {
	case "sqlite":
		if !hasSQLite {
			return database{}, errors.New("uri: this build has no SQLite, which needs cgo")
		}
		path := strings.TrimPrefix(rest, "///")
		path, _, _ = strings.Cut(strings.TrimPrefix(path, "file:"), "?")
		if path == "" || strings.HasPrefix(path, ":memory:") {
			return database{}, errors.New("uri: want sqlite:///PATH")
		}
		path, err := p.PathOf(path)
		return database{path: path}, err
	case "postgresql", "postgres":
		u, err := url.Parse("postgres:" + rest)
		if err != nil || u.Host == "" { // its text may have a password
			return database{}, errors.New("uri: want postgresql://HOST/DATABASE")
		}
		query := u.Query()
		user, password := u.User.Username(), ""
		if text, ok := u.User.Password(); ok {
			password = text
		}
		for _, of := range []struct {
			in       *string
			key, own string
		}{{&user, "user", catalogs.User}, {&password, "password", catalogs.Password}} {
			if text := query.Get(of.key); text != "" {
				*of.in = text
				query.Del(of.key)
			}
			if text := p.Get(of.own); text != "" {
				*of.in = text
			}
		}
		if u.User = nil; password != "" {
			u.User = url.UserPassword(user, password)
		} else if user != "" {
			u.User = url.User(user)
		}
		u.RawQuery = query.Encode()
		return database{url: u}, nil
	}
	return database{}, errors.New("uri: SQL catalogs can be in SQLite and PostgreSQL: want sqlite:///PATH or postgresql://HOST/DATABASE")
}

// open opens it. A file that is not there is made, or the error wraps
// fs.ErrNotExist.
func (d database) open(make bool) (*sql.DB, error) {
	if d.url != nil {
		return d.openPostgreSQL()
	}
	mode := "rw"
	if d.readOnly {
		mode = "ro"
	}
	if make {
		f, err := os.OpenFile(d.path, os.O_CREATE|os.O_RDWR, 0o600) // SQLite would let others read it
		if err != nil {
			return nil, fmt.Errorf("making the catalog's database: %w", err)
		}
		if err := f.Close(); err != nil {
			return nil, err
		}
	} else if _, err := os.Stat(d.path); err != nil {
		return nil, fmt.Errorf("opening the catalog's database: %w", err)
	}
	options := url.Values{"mode": {mode}, "_busy_timeout": {strconv.FormatInt(busy.Milliseconds(), 10)}}
	return sql.Open("sqlite3", (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: d.path}).EscapedPath(), RawQuery: options.Encode()}).String())
}

// busy is how long a statement waits for others that write.
const busy = 30 * time.Second

func (d database) openPostgreSQL() (*sql.DB, error) {
	network, err := transport.New()
	if err != nil {
		return nil, err
	}
	connector, err := pq.NewConnector(d.url.String())
	if err != nil {
		return nil, errors.New("uri: its options are not PostgreSQL's") // the error may have the password
	}
	connector.Dialer(dialer(network.DialContext))
	return sql.OpenDB(connector), nil
}

// files are those with passwords and certificates.
func (d database) files() []string {
	passwords := os.Getenv("PGPASSFILE")
	if home, err := os.UserHomeDir(); err == nil && passwords == "" {
		passwords = filepath.Join(home, ".pgpass")
	}
	query := d.url.Query()
	candidates := []string{passwords, query.Get("sslrootcert"), query.Get("sslcert"), query.Get("sslkey")}
	return slices.DeleteFunc(candidates, func(path string) bool {
		_, err := os.Stat(path)
		return err != nil
	})
}

// dialer connects as all requests do, which works in a process that is confined.
type dialer func(ctx context.Context, network, address string) (net.Conn, error)

func (d dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	return d(ctx, network, address)
}

// Dial and DialTimeout make it a pq.Dialer; pq calls DialContext in their place.
func (d dialer) Dial(network, address string) (net.Conn, error) {
	return d(context.Background(), network, address)
}

func (d dialer) DialTimeout(network, address string, timeout time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	return d(ctx, network, address)
}

// query returns a statement with the placeholders of the database.
func (d database) query(text string) string {
	if d.url == nil {
		return text
	}
	var b strings.Builder
	n := 0
	for part := range strings.SplitSeq(text, "?") {
		if n > 0 {
			fmt.Fprintf(&b, "$%d", n)
		}
		b.WriteString(part)
		n++
	}
	return b.String()
}
