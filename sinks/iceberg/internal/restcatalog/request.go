package restcatalog

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	maxTries  = 6
	maxAnswer = 256 << 20
	patience  = 2 * time.Minute // for one answer
)

// send sends a request, and again where the catalog is busy, or refuses a token that
// can be renewed. Where a connection fails, what only asks is sent again.
func (c *Client) send(ctx context.Context, method, path string, body, answer any) error {
	var data []byte
	if body != nil {
		var err error
		if data, err = json.Marshal(body); err != nil {
			return err
		}
	}
	for try := 0; ; try++ {
		token, err := c.auth.now(ctx)
		if err != nil {
			return err
		}
		wait, err := c.try(ctx, method, path, token, data, answer)
		status := statusOf(err)
		switch {
		case err == nil || ctx.Err() != nil || try+1 == maxTries:
			return err
		case (status == http.StatusUnauthorized || status == statusExpired) && c.auth.canRenew():
			// A new one can end too before this request arrives: others use it meanwhile.
			c.auth.forget(token)
			continue
		case status == 0 && method != http.MethodGet, status != 0 && !isBusy(status):
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(max(wait, 100*time.Millisecond<<try)):
		}
	}
}

const statusExpired = 419 // AuthenticationTimeout of the REST specification

func isBusy(status int) bool {
	return status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable
}

// maxWait bounds how long a catalog can make a run wait.
const maxWait = 30 * time.Second

// try sends a request once, and tells how long the catalog wants to be left alone.
func (c *Client) try(ctx context.Context, method, path, token string, data []byte, answer any) (wait time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	target := strings.TrimSuffix(c.base.String(), "/") + "/" + path
	r, err := http.NewRequestWithContext(ctx, method, target, bytes.NewReader(data))
	if err != nil {
		return 0, errors.New("its uri or prefix is no part of a URL")
	}
	r.Header.Set("Accept", "application/json")
	if data != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	r.Header.Set("X-Iceberg-Access-Delegation", "vended-credentials")
	for name, value := range c.properties.Headers() {
		r.Header.Set(name, value)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return c.exchange(r, answer)
}

// exchange sends a request and reads the answer.
func (c *Client) exchange(r *http.Request, answer any) (wait time.Duration, err error) {
	response, err := c.http.Do(r)
	if ended := r.Context().Err(); err != nil && ended != nil {
		return 0, fmt.Errorf("asking the catalog: %w", ended)
	} else if err != nil {
		return 0, fmt.Errorf("asking the catalog: %s", c.properties.Hide(err.Error()))
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	switch {
	case response.StatusCode >= 300:
		seconds, _ := strconv.Atoi(response.Header.Get("Retry-After"))
		return min(time.Duration(seconds)*time.Second, maxWait), c.refusal(response.StatusCode, body)
	case err != nil:
		return 0, fmt.Errorf("reading the catalog's answer: %w", err)
	case len(body) > maxAnswer:
		return 0, errors.New("the catalog's answer is too long")
	case answer == nil:
		return 0, nil
	}
	if err := json.Unmarshal(body, answer); err != nil {
		return 0, fmt.Errorf("the catalog's answer is not what an Iceberg REST catalog says: %w", err)
	}
	return 0, nil
}

// refusal reads an answer that is an error: the catalog's, or that of a server for
// tokens.
func (c *Client) refusal(status int, body []byte) *Error {
	var answer struct {
		Error       json.RawMessage `json:"error"`
		Description string          `json:"error_description"`
	}
	e := &Error{Status: status}
	if json.Unmarshal(body, &answer) != nil {
		return e
	}
	var of struct{ Type, Message string }
	if json.Unmarshal(answer.Error, &of) == nil {
		e.Type, e.Message = of.Type, of.Message
	} else if json.Unmarshal(answer.Error, &e.Type) == nil {
		e.Message = answer.Description
	}
	const most = 300
	e.Type, e.Message = c.properties.Hide(e.Type), c.properties.Hide(e.Message)
	if len(e.Message) > most {
		e.Message = e.Message[:most]
	}
	return e
}
