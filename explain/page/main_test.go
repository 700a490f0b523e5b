package page

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"wsbridge/explain"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds every wait of a test. Nothing asserts it.
const patience = 20 * time.Second

// moment is a limit that a test can wait for.
const moment = 50 * time.Millisecond

// limit changes one of the page's limits before the rig is made.
func limit(t *testing.T, of *time.Duration, to time.Duration) {
	old := *of
	*of = to
	t.Cleanup(func() { *of = old })
}

// rig is a page behind a real HTTP server.
type rig struct {
	*Page
	t      testing.TB
	hub    *explain.Hub
	server *httptest.Server
	client *http.Client
}

func newRig(t testing.TB) *rig { return newRigWith(t, Options{}, explain.HubOptions{}) }

func newRigWith(t testing.TB, o Options, h explain.HubOptions) *rig {
	t.Helper()
	r := &rig{t: t, hub: explain.NewHub(h)}
	o.Hub = r.hub
	if o.Log == nil {
		o.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	r.Page = New(o)
	r.server = httptest.NewServer(r.Page)
	r.client = r.server.Client()
	t.Cleanup(func() {
		r.Page.Close()
		r.client.CloseIdleConnections()
		r.server.Close()
		r.hub.Close()
	})
	return r
}

// answer is a response with its whole body.
type answer struct {
	*http.Response
	body string
}

func (r *rig) get(path string) answer { r.t.Helper(); return r.do("GET", path, "") }

// post sends JSON, as the page does.
func (r *rig) post(path, body string) answer {
	r.t.Helper()
	return r.do("POST", path, body, "Content-Type", "application/json")
}

// do sends a request with the headers named and valued in turns. Host is a header here.
func (r *rig) do(method, path, body string, headers ...string) answer {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, r.server.URL+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			req.Host = headers[i+1]
		}
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := r.client.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return answer{resp, string(got)}
}
