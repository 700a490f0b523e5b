package page

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// blockedRuns is runs whose bridge never takes their connections; each that waits for one says so on dialling.
func blockedRuns(r *rig) (runs *Runs, dialling chan struct{}) {
	dialling = make(chan struct{})
	return &Runs{Hub: r.hub, Host: func() string { return "localhost:1" }, Log: r.log,
		Client: func(r *http.Request) string { return r.RemoteAddr },
		Dial: func(ctx context.Context) (net.Conn, error) {
			dialling <- struct{}{}
			<-ctx.Done()
			return nil, ctx.Err()
		}}, dialling
}

func TestRunsAreFewAndEndWithTheirRequests(t *testing.T) {
	runs, dialling := blockedRuns(newRig(t))
	ctx, goAway := context.WithCancel(t.Context())
	defer goAway()
	ended := make(chan int)
	run := func(ctx context.Context) {
		w := httptest.NewRecorder()
		runs.Run(w, httptest.NewRequestWithContext(ctx, "POST", "/api/runs/mask", nil), "mask")
		ended <- w.Code
	}
	for range mostRuns {
		go run(ctx)
		<-dialling
	}
	go run(ctx)
	if status := <-ended; status != 429 {
		t.Errorf("one run too many: %d, want 429", status)
	}
	goAway()
	for range mostRuns {
		if status := <-ended; status != 502 {
			t.Errorf("a run whose client went away: %d, want 502", status)
		}
	}
	again, goAway := context.WithCancel(t.Context())
	go run(again)
	<-dialling // there is room
	goAway()
	<-ended
}

func TestARunThatFailsForgetsItsSession(t *testing.T) {
	r := newRig(t)
	runs, _ := blockedRuns(r)
	runs.Dial = func(context.Context) (net.Conn, error) { return nil, net.ErrClosed }
	for _, name := range experimentNames() {
		for range 50 { // more than the sessions that one client may have
			w := httptest.NewRecorder()
			runs.Run(w, httptest.NewRequest("POST", "/api/runs/"+name, nil), name)
			if got := w.Body.String(); w.Code != 502 || !strings.HasPrefix(got, "wsbridge: the run failed: ") {
				t.Fatalf("%s: %d %s, want 502", name, w.Code, got)
			}
		}
	}
}
