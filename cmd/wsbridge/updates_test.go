package main

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

func newSession(t *testing.T, p *program) string {
	t.Helper()
	var made struct{ ID string }
	if status, text := postJSON(t, p, "/api/sessions", "", &made); status != http.StatusCreated {
		t.Fatalf("POST /api/sessions: %d %s", status, text)
	}
	return made.ID
}

// checkUpdates wants lines 0 to n-1 in order.
func checkUpdates(t *testing.T, text string, n int) {
	t.Helper()
	lines := strings.SplitAfter(text, "\n")
	if len(text) != 27*n || len(lines) != n+1 {
		t.Fatalf("%d bytes in %d lines, want %d lines of 27", len(text), len(lines)-1, n)
	}
	for i, line := range lines[:n] {
		if !strings.HasPrefix(line, fmt.Sprintf("update %02d ", i)) {
			t.Fatalf("line %d is %q", i, line)
		}
	}
}

func TestUpdatesByPolling(t *testing.T) {
	t.Parallel()
	p := start(t, nil)
	id, got, requests := newSession(t, p), "", 0
	for len(got) < 100*27 {
		path := fmt.Sprintf("/api/updates?via=poll&session=%s&after=%d", id, len(got)/27)
		status, text := ask(t, p, http.MethodGet, path, "", nil)
		if status != http.StatusOK || len(text)%27 != 0 {
			t.Fatalf("GET %s: %d %q", path, status, text)
		}
		got += text
		requests++
	}
	checkUpdates(t, got, 100)
	s := lookAt(t, p, id)
	for deadline := time.Now().Add(patience); s.State != "ended" && time.Now().Before(deadline); { // it ends behind the last answer
		s = lookAt(t, p, id)
	}
	if up, down := s.Totals.A.In.Bytes, s.Totals.A.Out.Bytes; up < int64(100*requests) || down < int64(len(got)+100*requests) || s.State != "ended" {
		t.Errorf("%s: %d requests cost %d bytes up and %d down, want their headers in it, and an end", s.State, requests, up, down)
	}
	if status, text := ask(t, p, http.MethodGet, "/api/updates?via=poll&session="+id, "", nil); status != http.StatusConflict {
		t.Errorf("once more: %d %s, want 409", status, text)
	}
}

func TestUpdatesByServerSentEvents(t *testing.T) {
	t.Parallel()
	p := start(t, nil)
	id := newSession(t, p)
	began := time.Now()
	status, text := ask(t, p, http.MethodGet, "/api/updates?via=sse&n=50&session="+id, "", nil)
	if took := time.Since(began); status != http.StatusOK || took < 480*time.Millisecond {
		t.Errorf("%d after %v: %s", status, took, text)
	}
	events := strings.SplitAfter(text, "\n\n")
	var lines bytes.Buffer
	for _, event := range events[:len(events)-1] {
		lines.WriteString(strings.TrimSuffix(strings.TrimPrefix(event, "data: "), "\n"))
	}
	checkUpdates(t, lines.String(), 50)
	if s := lookAt(t, p, id); s.Totals.A.Out.Bytes < int64(len(text)) || s.Totals.A.In.Bytes < 50 || s.State != "ended" {
		t.Errorf("the session tells %+v, want more than the %d bytes of body", s, len(text))
	}
}

func TestUpdatesThatCannotBe(t *testing.T) {
	t.Parallel()
	p := start(t, nil)
	id := newSession(t, p)
	for query, want := range map[string]int{
		"via=poll":                           404,
		"via=poll&session=nosuch":            404,
		"via=pigeon&session=" + id:           400,
		"via=poll&n=0&session=" + id:         400,
		"via=poll&n=101&session=" + id:       400,
		"via=sse&n=-1&session=" + id:         400,
		"via=poll&after=x&session=" + id:     400,
		"via=poll&n=1&after=1&session=" + id: 200,
	} {
		if status, text := ask(t, p, http.MethodGet, "/api/updates?"+query, "", nil); status != want {
			t.Errorf("%s: %d %s, want %d", query, status, text, want)
		}
	}
	if status, text := ask(t, p, http.MethodGet, "/api/updates?via=sse&session="+id, "", nil); status != http.StatusConflict {
		t.Errorf("a session that was used: %d %s, want 409", status, text)
	}
}
