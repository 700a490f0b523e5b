package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// postJSON posts body to path and reads the answer into into, which may be nil, unless it is a refusal.
func postJSON(t *testing.T, p *program, path, body string, into any) (status int, text string) {
	t.Helper()
	return ask(t, p, http.MethodPost, path, body, into)
}

func getJSON(t *testing.T, p *program, path string, into any) {
	t.Helper()
	if status, text := ask(t, p, http.MethodGet, path, "", into); status != http.StatusOK {
		t.Fatalf("GET %s: %d %s", path, status, text)
	}
}

func ask(t *testing.T, p *program, method, path, body string, into any) (status int, text string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, p.url(path), strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	client := http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	all, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if into != nil && response.StatusCode < 300 {
		if err := json.Unmarshal(all, into); err != nil {
			t.Fatalf("%s %s: %v in %s", method, path, err, all)
		}
	}
	return response.StatusCode, string(all)
}

// mustRun runs an experiment.
func mustRun(t *testing.T, p *program, name, body string, into any) {
	t.Helper()
	if status, text := postJSON(t, p, "/api/runs/"+name, body, into); status != http.StatusOK {
		t.Fatalf("run %s: %d %s", name, status, text)
	}
}

// seenSession is what GET /api/sessions/{id} tells.
type seenSession struct {
	State  string
	Fate   *struct{ Kind, Why string }
	Totals struct {
		A struct{ In, Out struct{ Bytes int64 } }
	}
}

func lookAt(t *testing.T, p *program, id string) (s seenSession) {
	t.Helper()
	getJSON(t, p, "/api/sessions/"+id, &s)
	return s
}

func TestHandshakeRun(t *testing.T) {
	t.Parallel()
	p := start(t, nil)
	const key = "dGhlIHNhbXBsZSBub25jZQ==" // RFC 6455 section 1.3
	var got struct {
		Key      string
		Variants []struct {
			Variant, Session, Request, Response, Body, Key, Accept, Derived string
			Status                                                          int
			Closed, Frames                                                  bool
		}
	}
	mustRun(t, p, "handshake", `{"key":"`+key+`"}`, &got)
	want := map[string]int{"correct": 101, "version-8": 426, "no-key": 400, "key-of-15-bytes": 400, "two-keys": 400, "post": 405,
		"http-1.0": 426, "no-upgrade": 426, "foreign-origin": 403, "foreign-host": 403, "body": 400}
	for _, v := range got.Variants {
		accepted := v.Status == 101
		if v.Status != want[v.Variant] || v.Closed == accepted || v.Frames != accepted || (v.Body == "") != accepted {
			t.Errorf("%+v\nwant status %d, and closed by the bridge behind one line if refused", v, want[v.Variant])
		}
		line := fmt.Sprintf(" %d ", v.Status)
		if !strings.Contains(v.Request, "?session="+v.Session) || !strings.Contains(v.Response, line) || !strings.HasSuffix(v.Response, "\r\n\r\n") {
			t.Errorf("%s: request %q, response %q", v.Variant, v.Request, v.Response)
		}
		if accepted && (v.Key != key || v.Accept != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" || v.Derived != v.Accept) {
			t.Errorf("%s: key %s, accept %s, derived %s; want those of RFC 6455", v.Variant, v.Key, v.Accept, v.Derived)
		}
		if s := lookAt(t, p, v.Session); s.Fate == nil || (s.Fate.Kind == "refused") == accepted {
			t.Errorf("%s: its session tells %+v", v.Variant, s)
		}
		delete(want, v.Variant)
	}
	if len(want) > 0 {
		t.Errorf("not tried: %v", want)
	}
}

func TestHandshakeRunMakesAKey(t *testing.T) {
	t.Parallel()
	p := start(t, nil)
	var one, other struct{ Key string }
	mustRun(t, p, "handshake", "", &one)
	mustRun(t, p, "handshake", "{}", &other)
	if one.Key == other.Key || len(one.Key) != 24 {
		t.Errorf("keys %q and %q", one.Key, other.Key)
	}
}

// frameRun is one connection of the runs mask and utf8.
type frameRun struct {
	Case, Session, Answer, Echo, Reason, Ended string
	Sent, Payload                              []string
	Opcode                                     byte
	Code                                       int
}

func TestMaskRun(t *testing.T) {
	t.Parallel()
	p := start(t, nil)
	var got struct {
		Text, Session string
		Unmasked      frameRun
		Masked        []struct{ Key, Wire, Echo, Text string }
	}
	mustRun(t, p, "mask", "", &got)
	if u := got.Unmasked; u.Code != 1002 || u.Ended != "fin" || !strings.HasPrefix(u.Answer, "88 ") || u.Sent[0][3:5] != "0c" {
		t.Errorf("the frame without mask: %+v, want Close 1002 and FIN", u)
	}
	if s := lookAt(t, p, got.Unmasked.Session); s.Fate == nil || s.Fate.Kind != "cause" {
		t.Errorf("its session tells %+v", s)
	}
	wires := map[string]bool{}
	for _, m := range got.Masked {
		wires[m.Wire] = true
		if m.Text != got.Text || m.Echo != got.Masked[0].Echo || !strings.HasPrefix(m.Wire, "81 8c "+m.Key) {
			t.Errorf("%+v, want %s back, unmasked", m, got.Text)
		}
	}
	if len(wires) != 3 {
		t.Errorf("%d different wire images, want 3", len(wires))
	}
}

func TestUTF8Run(t *testing.T) {
	t.Parallel()
	p := start(t, nil)
	var got struct{ Cases []frameRun }
	mustRun(t, p, "utf8", "", &got)
	want := map[string]int{"good": 0, "cut-between-frames": 0, "cut-between-messages": 1007, "bad-bytes": 1007, "lone-surrogate": 1007, "bad-bytes-in-binary": 0}
	for _, c := range got.Cases {
		code, known := want[c.Case]
		if !known || c.Code != code || code == 0 && c.Echo != strings.Join(c.Payload, " ") || code != 0 && c.Ended != "fin" {
			t.Errorf("%+v, want code %d (0: the same bytes back)", c, code)
		}
		delete(want, c.Case)
	}
	if len(want) > 0 {
		t.Errorf("not tried: %v", want)
	}
}

func TestIdleRun(t *testing.T) {
	t.Parallel()
	p := start(t, nil)
	type seen struct {
		Session       string
		Lived_MS      float64
		Pings, Pongs  int
		Ended         string
		Last_Ping_MS  float64
		Ping_MS, Pong int
	}
	type probing struct{ Idle_S, Interval_S, Count int }
	var got struct {
		Proxy_Limit_MS, Proxy_Ended, Watched_MS int
		Behind_Proxy                            []seen
		Dead_Peer                               seen
		Keepalive                               struct {
			Set_Up   probing
			Measured *probing
		}
	}
	mustRun(t, p, "idle", "", &got)
	silent, pinged, dead := got.Behind_Proxy[0], got.Behind_Proxy[1], got.Dead_Peer
	limit, ended := float64(got.Proxy_Limit_MS), 1
	if pinged.Ended != "alive" { // on a machine so busy that a ping came too late
		ended = 2
	}
	if silent.Ended != "fin" || silent.Lived_MS < limit-50 || silent.Pings != 0 || got.Proxy_Ended != ended {
		t.Errorf("without pings: %+v, and the proxy ended %d; want the proxy to end it after %v ms", silent, got.Proxy_Ended, limit)
	}
	if pinged.Pings < 2 || pinged.Pongs != pinged.Pings || pinged.Lived_MS < float64(got.Watched_MS) && pinged.Lived_MS-pinged.Last_Ping_MS < limit-50 {
		t.Errorf("with pings: %+v, want it alive after %d ms, or no ping for %v ms", pinged, got.Watched_MS, limit)
	}
	if dead.Ended != "fin" || dead.Pings == 0 || dead.Pongs != 0 || dead.Lived_MS < 600-50 {
		t.Errorf("dead peer: %+v, want it ended 400 ms after a ping", dead)
	}
	if s := lookAt(t, p, dead.Session); s.Fate == nil || s.Fate.Why != "no sign of life from the client" {
		t.Errorf("its session tells %+v", s)
	}
	if k := got.Keepalive; runtime.GOOS == "linux" && (k.Measured == nil || *k.Measured != k.Set_Up) {
		t.Errorf("keepalive measured %+v, want %+v", k.Measured, k.Set_Up)
	}
}

func TestRunsThatCannotBe(t *testing.T) {
	t.Parallel()
	p := start(t, nil)
	for _, test := range []struct {
		path, body string
		status     int
		want       string
	}{
		{"/api/runs/nosuch", "", 404, "wsbridge: no such run; there are handshake, idle, mask, utf8\n"},
		{"/api/runs/handshake", `{"key":"short"}`, 400, "wsbridge: the key is not 16 bytes in base64"},
		{"/api/runs/handshake", `{"key":"AAAAAAAAAAAA\nAAAAAAAAAA=="}`, 400, "wsbridge: the key is not 16 bytes in base64"},
		{"/api/runs/handshake", `no JSON`, 400, "wsbridge: the body is no JSON object"},
	} {
		if status, text := postJSON(t, p, test.path, test.body, nil); status != test.status || !strings.HasPrefix(text, test.want) {
			t.Errorf("%s %s: %d %q, want %d %q", test.path, test.body, status, text, test.status, test.want)
		}
	}
}

func TestOnlyAFewRunsAtATime(t *testing.T) {
	t.Parallel()
	p := start(t, nil)
	var asking sync.WaitGroup
	status := make([]int, 6)
	for i := range status {
		asking.Go(func() { status[i], _ = postJSON(t, p, "/api/runs/idle", "", nil) })
	}
	asking.Wait()
	count := map[int]int{}
	for _, s := range status {
		count[s]++
	}
	if count[200] != 4 || count[429] != 2 {
		t.Errorf("6 runs at once: by status %v, want 4 to run and 2 to be refused with 429", count)
	}
}
