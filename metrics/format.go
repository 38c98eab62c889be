package metrics

import (
	"fmt"
	"io"
	"net/http"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// Read returns the metrics that Write wrote. What it does not know is left out.
func Read(r io.Reader) (*Metrics, error) {
	parser := expfmt.NewTextParser(model.LegacyValidation)
	parsed, err := parser.TextToMetricFamilies(r)
	if err != nil {
		return nil, fmt.Errorf("reading metrics: %w", err)
	}
	m := New()
	for _, f := range families {
		in := parsed[f.name]
		if in == nil || in.GetType() != f.kind {
			continue
		}
		for _, metric := range in.Metric {
			if key, ok := f.key(metric); ok {
				m.of(f.name)[key] = value(metric)
			}
		}
	}
	return m, nil
}

// key returns the values of a metric's labels, if they are the family's.
func (f family) key(metric *dto.Metric) (string, bool) {
	if len(metric.Label) != len(f.labels) {
		return "", false
	}
	values := make([]string, len(f.labels))
	for i, name := range f.labels {
		found := false
		for _, l := range metric.Label {
			if l.GetName() == name {
				values[i], found = l.GetValue(), true
			}
		}
		if !found {
			return "", false
		}
	}
	return labelKey(values), true
}

func value(metric *dto.Metric) float64 {
	if metric.Counter != nil {
		return metric.Counter.GetValue()
	}
	return metric.Gauge.GetValue()
}

// Write writes the metrics in Prometheus's text format.
func (m *Metrics) Write(w io.Writer) error {
	return m.encode(w, expfmt.NewFormat(expfmt.TypeTextPlain))
}

func (m *Metrics) encode(w io.Writer, format expfmt.Format) error {
	encoder := expfmt.NewEncoder(w, format)
	for _, f := range m.gather() {
		if err := encoder.Encode(f); err != nil {
			return fmt.Errorf("writing metrics: %w", err)
		}
	}
	if end, ok := encoder.(expfmt.Closer); ok { // OpenMetrics ends with a mark
		return end.Close()
	}
	return nil
}

// ServeHTTP answers a scrape, in the format that it asks for.
func (m *Metrics) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	format := expfmt.NegotiateAccept(r.Header, expfmt.DefaultOpenMetricsAcceptedFormats()...)
	w.Header().Set("Content-Type", string(format))
	_ = m.encode(w, format) // whoever asked has gone
}
