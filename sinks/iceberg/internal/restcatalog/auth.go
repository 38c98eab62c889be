package restcatalog

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/ckexport/ckexport/sinks/iceberg/internal/catalogs"
)

// auth puts tokens on requests: one that is given, or those that a server gives for
// a name and a secret (OAuth2's client credentials).
type auth struct {
	client  *Client
	mu      sync.Mutex
	token   string
	expires time.Time // zero where the server did not say
}

// early is how long before its end a token is renewed.
const early = 30 * time.Second

func (a *auth) canRenew() bool { return a.client.properties.Get(catalogs.Credential) != "" }

// forget has a token renewed that was refused, unless another request saw to it.
func (a *auth) forget(refused string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.token == refused {
		a.token = ""
	}
}

// now returns the token for a request, empty for none.
func (a *auth) now(ctx context.Context) (string, error) {
	if !a.canRenew() {
		return a.client.properties.Get(catalogs.Token), nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.token == "" || !a.expires.IsZero() && time.Now().After(a.expires) {
		if err := a.renew(ctx); err != nil {
			return "", fmt.Errorf("asking for a token: %w", err)
		}
	}
	return a.token, nil
}

// renew asks for a token.
func (a *auth) renew(ctx context.Context) error {
	p := a.client.properties
	id, secret, hasID := strings.Cut(p.Get(catalogs.Credential), ":")
	form := url.Values{"grant_type": {"client_credentials"}, "scope": {"catalog"}}
	if scope := p.Get(catalogs.Scope); scope != "" {
		form.Set("scope", scope)
	}
	if hasID {
		form.Set("client_id", id)
		form.Set("client_secret", secret)
	} else {
		form.Set("client_secret", id)
	}
	server := a.client.base.JoinPath("v1/oauth/tokens")
	if text := p.Get(catalogs.OAuth2Server); text != "" {
		var err error
		if server, err = parseURL(catalogs.OAuth2Server, text); err != nil {
			return err
		}
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, server.String(), strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	var answer struct {
		Token   string `json:"access_token"`
		Expires int    `json:"expires_in"` // seconds
	}
	if _, err := a.client.exchange(r, &answer); err != nil {
		return err
	}
	if answer.Token == "" {
		return fmt.Errorf("the answer of %s has none", server.Host)
	}
	a.token, a.expires = answer.Token, time.Time{}
	if answer.Expires > 0 {
		lasts := time.Duration(answer.Expires) * time.Second
		a.expires = time.Now().Add(lasts - min(early, lasts/4))
	}
	return nil
}
