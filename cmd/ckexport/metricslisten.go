package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/ckexport/ckexport/metrics"
	"github.com/ckexport/ckexport/watch"
)

// health tells whether a watch is alive, and whether archives get through.
type health struct {
	mu     sync.Mutex
	state  watch.State
	noted  bool // the watch has begun
	silent time.Duration
}

func (h *health) note(s watch.State) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.state, h.noted = s, true
}

// ready returns why archives do not get through, nil if they do.
func (h *health) ready() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case !h.noted:
		return errors.New("the folders are being looked through for the first time")
	case h.state.ScanError != nil:
		return h.state.ScanError
	case h.state.FailedBatches > 0:
		return fmt.Errorf("batches that failed, one after another: %d", h.state.FailedBatches)
	}
	return nil
}

// alive returns an error if the folders were not looked through for longer than
// it could take.
func (h *health) alive() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if since := time.Since(h.state.LastScan); h.noted && since > h.silent {
		return fmt.Errorf("the folders were looked through last %v ago", since.Round(time.Second))
	}
	return nil
}

// serveMetrics serves metrics and health, and returns what ends that.
func serveMetrics(listener net.Listener, m *metrics.Metrics, h *health, log *slog.Logger) (end func()) {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", m)
	mux.HandleFunc("GET /healthz", checked(h.alive))
	mux.HandleFunc("GET /readyz", checked(h.ready))
	server := &http.Server{
		Handler: mux, ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			log.Error("metrics are not served any more", "error", err)
		}
	}()
	return func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if server.Shutdown(ctx) != nil {
			server.Close()
		}
	}
}

// checked answers as a check went.
func checked(check func() error) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if err := check(); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ok")
	}
}
