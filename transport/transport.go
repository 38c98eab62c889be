// Package transport makes the HTTP transport of what is reached over
// the network. It works in a process that is confined: what TLS needs is read
// when it is made, and names are resolved in Go, without libraries of the system.
package transport

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"time"
)

// Files are what resolving names still reads of the system at any time.
func Files() []string { return []string{"/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf"} }

// New returns a transport. Bodies come as they are sent, not decompressed.
func New() (*http.Transport, error) {
	roots, err := x509.SystemCertPool()
	if err != nil {
		return nil, fmt.Errorf("reading the system's certificates: %w", err)
	}
	dialer := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second, Resolver: &net.Resolver{PreferGo: true}}
	return &http.Transport{
		Proxy: http.ProxyFromEnvironment,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			c, err := dialer.DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return conn{c}, nil
		},
		TLSClientConfig:     &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout: 10 * time.Second,
		IdleConnTimeout:     silence,
		MaxIdleConnsPerHost: 16,
		DisableCompression:  true,
	}, nil
}

// silence is how long a connection may say nothing.
const silence = time.Minute

// conn is a connection that is given up when nothing comes.
type conn struct{ net.Conn }

func (c conn) Read(p []byte) (int, error) {
	if err := c.SetReadDeadline(time.Now().Add(silence)); err != nil {
		return 0, err
	}
	return c.Conn.Read(p)
}
