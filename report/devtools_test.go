//go:build browser && !noduckdb

package report_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// browser is a headless Chromium that does what it is told over two pipes, in
// the Chrome DevTools Protocol. That looks into pages whose policy lets no script run.
type browser struct {
	t       *testing.T
	to      *os.File
	from    *bufio.Reader
	stderr  bytes.Buffer
	session string
	calls   int
	loaded  bool
	errors  []string // of the page, as its console has them
}

// launch starts a browser with a profile of its own; it ends with the test.
func launch(t *testing.T) *browser {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatalf("chromium is missing; on Debian: apt-get install chromium: %v", err)
	}
	commands, to, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	from, answers, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	// --no-sandbox: tests run as root in containers
	cmd := exec.CommandContext(ctx, path, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--hide-scrollbars", "--user-data-dir="+t.TempDir(), "--remote-debugging-pipe")
	b := &browser{t: t, to: to, from: bufio.NewReader(from)}
	cmd.ExtraFiles = []*os.File{commands, answers} // descriptors 3 and 4, as the protocol wants
	cmd.Stderr = &b.stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	commands.Close()
	answers.Close()
	t.Cleanup(func() {
		b.call("", "Browser.close", nil, nil)
		cmd.Wait() // it may be killed while it ends
		cancel()
		to.Close()
		from.Close()
	})
	var target struct{ TargetID, SessionID string }
	b.call("", "Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	b.call("", "Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &target)
	b.session = target.SessionID
	for _, domain := range []string{"Page", "Runtime", "Log"} {
		b.call(b.session, domain+".enable", nil, nil)
	}
	return b
}

// message is what goes over the pipes, a NUL behind each: calls, answers to them, and events.
type message struct {
	ID        int                       `json:"id,omitempty"`
	SessionID string                    `json:"sessionId,omitempty"`
	Method    string                    `json:"method,omitempty"`
	Params    any                       `json:"params,omitempty"`
	Result    json.RawMessage           `json:"result,omitempty"`
	Error     *struct{ Message string } `json:"error,omitempty"`
}

// call calls a method and waits for its answer.
func (b *browser) call(session, method string, params, result any) {
	b.t.Helper()
	b.calls++
	data, err := json.Marshal(message{ID: b.calls, SessionID: session, Method: method, Params: params})
	if err != nil {
		b.t.Fatal(err)
	}
	if _, err := b.to.Write(append(data, 0)); err != nil {
		b.t.Fatalf("%s: %v\n%s", method, err, b.stderr.String())
	}
	for {
		answer := b.next()
		if answer.ID != b.calls {
			continue
		}
		if answer.Error != nil {
			b.t.Fatalf("%s: %s", method, answer.Error.Message)
		}
		if result != nil {
			if err := json.Unmarshal(answer.Result, result); err != nil {
				b.t.Fatalf("%s: %v", method, err)
			}
		}
		return
	}
}

// next reads a message, and notes what events tell.
func (b *browser) next() message {
	b.t.Helper()
	data, err := b.from.ReadBytes(0)
	if err != nil {
		b.t.Fatalf("chromium ended: %v\n%s", err, b.stderr.String())
	}
	var event struct {
		Entry            struct{ Level, Text string }
		Type             string
		ExceptionDetails struct{ Text string }
	}
	m := message{Params: &event}
	if err := json.Unmarshal(bytes.TrimSuffix(data, []byte{0}), &m); err != nil {
		b.t.Fatal(err)
	}
	switch {
	case m.Method == "Page.loadEventFired":
		b.loaded = true
	case m.Method == "Log.entryAdded" && event.Entry.Level == "error":
		b.errors = append(b.errors, event.Entry.Text)
	case m.Method == "Runtime.exceptionThrown":
		b.errors = append(b.errors, event.ExceptionDetails.Text)
	case m.Method == "Runtime.consoleAPICalled" && event.Type == "error":
		b.errors = append(b.errors, "console.error")
	}
	return m
}

// open loads a page, and waits until it is there.
func (b *browser) open(name string, page []byte) {
	b.t.Helper()
	path := filepath.Join(b.t.TempDir(), name)
	if err := os.WriteFile(path, page, 0o600); err != nil {
		b.t.Fatal(err)
	}
	b.loaded, b.errors = false, nil
	b.call(b.session, "Page.navigate", map[string]any{"url": "file://" + path}, nil)
	for !b.loaded {
		b.next()
	}
}

// show has the browser show pages on a medium (screen or print) of a width, to
// people who prefer a colour scheme.
func (b *browser) show(medium string, width int, scheme string) {
	b.t.Helper()
	b.call(b.session, "Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": 1000, "deviceScaleFactor": 1, "mobile": false}, nil)
	b.call(b.session, "Emulation.setEmulatedMedia", map[string]any{"media": medium, "features": []any{map[string]string{"name": "prefers-color-scheme", "value": scheme}}}, nil)
}

// evaluate returns the value of an expression in the page.
func (b *browser) evaluate(expression string, value any) {
	b.t.Helper()
	var answer struct {
		Result           struct{ Value json.RawMessage }
		ExceptionDetails *struct{ Exception struct{ Description string } }
	}
	b.call(b.session, "Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true}, &answer)
	if answer.ExceptionDetails != nil {
		b.t.Fatalf("evaluating %.100s: %s", expression, answer.ExceptionDetails.Exception.Description)
	}
	if err := json.Unmarshal(answer.Result.Value, value); err != nil {
		b.t.Fatalf("evaluating %.100s: %v", expression, err)
	}
}

// title returns the title that the page has.
func (b *browser) title() (title string) {
	b.t.Helper()
	b.evaluate("document.title", &title)
	return title
}

// picture takes a picture of the first part of the page into bin.
func (b *browser) picture(name string) image.Image {
	b.t.Helper()
	var shot struct{ Data []byte }
	b.call(b.session, "Page.captureScreenshot", map[string]any{"captureBeyondViewport": true,
		"clip": map[string]any{"x": 0, "y": 0, "width": b.width(), "height": 3000, "scale": 1}}, &shot)
	dir := filepath.Join("..", "bin")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name), shot.Data, 0o644); err != nil {
		b.t.Fatal(err)
	}
	picture, err := png.Decode(bytes.NewReader(shot.Data))
	if err != nil {
		b.t.Fatal(err)
	}
	return picture
}

func (b *browser) width() (width int) {
	b.t.Helper()
	b.evaluate("innerWidth", &width)
	return width
}

// colours counts the colours of every third pixel.
func colours(picture image.Image) int {
	seen := map[string]bool{}
	for y := 0; y < picture.Bounds().Dy(); y += 3 {
		for x := 0; x < picture.Bounds().Dx(); x += 3 {
			r, g, b, _ := picture.At(x, y).RGBA()
			seen[fmt.Sprint(r, g, b)] = true
		}
	}
	return len(seen)
}
