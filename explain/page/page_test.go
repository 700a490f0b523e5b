package page

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"wsbridge/explain"
)

// want fails unless a refusal is one line that says who speaks.
func (r *rig) want(what string, got answer, status int, words string) {
	r.t.Helper()
	oneLine := strings.HasPrefix(got.body, "wsbridge: ") && strings.Count(got.body, "\n") == 1
	if got.StatusCode != status || status >= 400 && !oneLine || !strings.Contains(got.body, words) {
		r.t.Errorf("%s: got %d %q; want %d and %q", what, got.StatusCode, got.body, status, words)
	}
}

func TestEveryAnswerIsSecured(t *testing.T) {
	r := newRig(t)
	for _, path := range []string{"/", "/page/main.js", "/page/none", "/api/bridge", "/api/none", "/api/sessions", "/none"} {
		h := r.get(path).Header
		for name, want := range map[string]string{
			"Content-Security-Policy":      policy,
			"X-Content-Type-Options":       "nosniff",
			"Referrer-Policy":              "no-referrer",
			"Cross-Origin-Resource-Policy": "same-origin",
			"Access-Control-Allow-Origin":  "",
		} {
			if got := h.Get(name); got != want {
				t.Errorf("GET %s: %s %q, want %q", path, name, got, want)
			}
		}
		if strings.HasPrefix(path, "/api/") && h.Get("Cache-Control") != "no-store" {
			t.Errorf("GET %s: Cache-Control %q", path, h.Get("Cache-Control"))
		}
	}
}

func TestWhoMayAskForWhat(t *testing.T) {
	refuse := func(r *http.Request) string {
		if r.Host == "rebound.example" {
			return "the bridge does not know itself as this host"
		}
		return ""
	}
	r := newRigWith(t, Options{Refuse: refuse}, explain.HubOptions{})
	own, other := r.server.URL, "http://other.example"
	for _, c := range []struct {
		claim, method, path string
		headers             []string
		status              int
	}{
		{"a foreign Host sees no page", "GET", "/", []string{"Host", "rebound.example"}, 403},
		{"a foreign Host sees no file", "GET", "/page/main.js", []string{"Host", "rebound.example"}, 403},
		{"a foreign Host has no API", "GET", "/api/bridge", []string{"Host", "rebound.example"}, 403},
		{"a link on another site leads to the page", "GET", "/", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate"}, 200},
		{"the page may ask", "GET", "/api/bridge", []string{"Sec-Fetch-Site", "same-origin"}, 200},
		{"a person may ask", "GET", "/api/bridge", []string{"Sec-Fetch-Site", "none"}, 200},
		{"curl may ask", "GET", "/api/bridge", nil, 200},
		{"another site may not", "GET", "/api/bridge", []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"another port of this host may not", "GET", "/api/bridge", []string{"Sec-Fetch-Site", "same-site"}, 403},
		{"not by a link either", "GET", "/api/bridge", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate"}, 403},
		{"the page may make a session", "POST", "/api/sessions", []string{"Sec-Fetch-Site", "same-origin", "Origin", own}, 201},
		{"also where Sec-Fetch-Site is not sent", "POST", "/api/sessions", []string{"Origin", own}, 201},
		{"also behind a proxy that renames the host", "POST", "/api/sessions", []string{"Sec-Fetch-Site", "same-origin", "Origin", "https://bridge.example"}, 201},
		{"also behind a proxy that speaks TLS", "POST", "/api/sessions", []string{"Host", "bridge.example", "Origin", "https://bridge.example"}, 201},
		{"another origin may not", "POST", "/api/sessions", []string{"Origin", other}, 403},
		{"a page from disk may not", "POST", "/api/sessions", []string{"Origin", "null"}, 403},
		{"an Origin of another port may not", "POST", "/api/sessions", []string{"Origin", "http://127.0.0.1:1"}, 403},
		{"Sec-Fetch-Site is believed first", "POST", "/api/sessions", []string{"Sec-Fetch-Site", "cross-site", "Origin", own}, 403},
	} {
		got := r.do(c.method, c.path, "", c.headers...)
		if got.StatusCode != c.status {
			t.Errorf("%s: got %d %q, want %d", c.claim, got.StatusCode, got.body, c.status)
		}
		if c.status == 403 && !strings.HasPrefix(got.body, "wsbridge: ") {
			t.Errorf("%s: %q", c.claim, got.body)
		}
	}
}

func TestMethods(t *testing.T) {
	r := newRig(t)
	for _, c := range []struct {
		method, path, allow string
		status              int
	}{
		{"POST", "/", "GET, HEAD", 405},
		{"DELETE", "/page/main.js", "GET, HEAD", 405},
		{"POST", "/api/bridge", "GET, HEAD", 405},
		{"GET", "/api/sessions", "POST", 405},
		{"OPTIONS", "/api/sessions", "POST", 405},
		{"PUT", "/api/sessions/x", "GET, HEAD", 405},
		{"GET", "/api/runs/x", "POST", 405},
		{"GET", "/api/nothing", "", 404},
		{"GET", "/nothing", "", 404},
	} {
		got := r.do(c.method, c.path, "")
		r.want(c.method+" "+c.path, got, c.status, "")
		if got.Header.Get("Allow") != c.allow {
			t.Errorf("%s %s: Allow %q, want %q", c.method, c.path, got.Header.Get("Allow"), c.allow)
		}
	}
	for _, path := range []string{"/", "/page/main.js", "/api/bridge", "/api/words/zh"} {
		head, get := r.do("HEAD", path, ""), r.get(path)
		if head.StatusCode != 200 || head.body != "" || head.ContentLength != int64(len(get.body)) && path != "/api/bridge" {
			t.Errorf("HEAD %s: %d, Content-Length %d, %d bytes; GET has %d", path, head.StatusCode, head.ContentLength, len(head.body), len(get.body))
		}
	}
}

func TestExperimentsAreThere(t *testing.T) {
	r := newRig(t)
	r.want("a run that nobody knows", r.post("/api/runs/none", ""), 404, "there are handshake")
	r.want("updates of nobody", r.get("/api/updates?via=poll"), 404, "session")
	r.want("a run that another site asks for", r.do("POST", "/api/runs/mask", "", "Sec-Fetch-Site", "cross-site"), 403, "Sec-Fetch-Site")
}

func TestBodies(t *testing.T) {
	r := newRig(t)
	r.want("no body", r.do("POST", "/api/sessions", ""), 201, "")
	r.want("a form", r.do("POST", "/api/sessions", "a=b", "Content-Type", "application/x-www-form-urlencoded"), 415, "application/json")
	r.want("text, as another site's form can send it", r.do("POST", "/api/sessions", "{}", "Content-Type", "text/plain"), 415, "application/json")
	r.want("no type", r.do("POST", "/api/sessions", "{}"), 415, "application/json")
	r.want("JSON with a charset", r.do("POST", "/api/sessions", "{}", "Content-Type", "application/json; charset=utf-8"), 201, "")
	r.want("too long", r.post("/api/sessions", strings.Repeat(" ", 2000)+"{}"), 413, "1024 bytes")
	r.want("endless", r.post("/api/sessions", strings.Repeat(" ", 1<<20)), 413, "1024 bytes")
}

func TestABodyThatDoesNotComeIsNotWaitedFor(t *testing.T) {
	limit(t, &bodyLimit, moment)
	r := newRig(t)
	c := r.dial()
	io.WriteString(c, "POST /api/sessions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{")
	got, _ := io.ReadAll(c)
	if !strings.HasPrefix(string(got), "HTTP/1.1 400 ") {
		t.Errorf("got %q", got)
	}
}

// dial connects without an HTTP client.
func (r *rig) dial() *net.TCPConn {
	r.t.Helper()
	c, err := net.Dial("tcp", r.server.Listener.Addr().String())
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(patience))
	return c.(*net.TCPConn)
}

func TestBridgeTellsWhatItIs(t *testing.T) {
	r := newRigWith(t, Options{Practice: true, Path: "/lab/echo", Target: "lab:echo", Lab: []string{"echo"}, Version: "v9",
		Kernel: true, Host: func() string { return "localhost:9998" }}, explain.HubOptions{})
	var got about
	if err := json.Unmarshal([]byte(r.get("/api/bridge").body), &got); err != nil {
		t.Fatal(err)
	}
	if got.Now <= 0 || !got.Practice || !got.Kernel || got.Path != "/lab/echo" || got.Target != "lab:echo" ||
		len(got.Lab) != 1 || got.Version != "v9" || got.Listen != "localhost:9998" {
		t.Errorf("got %+v", got)
	}
	if bare := newRig(t).get("/api/bridge").body; !strings.Contains(bare, `"lab":[]`) {
		t.Errorf("without practice servers: %s", bare)
	}
}

func TestClockGoesOn(t *testing.T) {
	r := newRig(t)
	var first, second struct{ Now int64 }
	json.Unmarshal([]byte(r.get("/api/clock").body), &first)
	json.Unmarshal([]byte(r.get("/api/clock").body), &second)
	if first.Now <= 0 || second.Now <= first.Now {
		t.Errorf("got %d, then %d", first.Now, second.Now)
	}
}

func TestWords(t *testing.T) {
	r := newRig(t)
	en, zh := r.get("/api/words/en"), r.get("/api/words/zh")
	for _, got := range []answer{en, zh} {
		if got.StatusCode != 200 || got.Header.Get("Content-Type") != "application/json" || !json.Valid([]byte(got.body)) {
			t.Errorf("got %d %.100s", got.StatusCode, got.body)
		}
	}
	if en.body == zh.body {
		t.Error("the languages are the same")
	}
	r.want("another language", r.get("/api/words/fr"), 404, "/api/words/en")
}

func TestAfterCloseTheAPIIsGone(t *testing.T) {
	r := newRig(t)
	r.Page.Close()
	r.want("a session", r.post("/api/sessions", ""), 503, "shutting down")
	r.want("the page", r.get("/"), 200, "")
}
