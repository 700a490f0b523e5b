package page

import (
	"encoding/json"
	"net"
	"strings"
	"testing"
	"time"

	"wsbridge/explain"
)

// makeID asks for a session as the page does.
func (r *rig) makeID(body string) string {
	r.t.Helper()
	got := r.post("/api/sessions", body)
	var made struct{ ID string }
	if err := json.Unmarshal([]byte(got.body), &made); got.StatusCode != 201 || err != nil || made.ID == "" {
		r.t.Fatalf("POST /api/sessions %s: %d %q", body, got.StatusCode, got.body)
	}
	return made.ID
}

// open is a session that has begun: a connection was accepted for it.
func (r *rig) open() *explain.Session {
	r.t.Helper()
	s, err := r.hub.Claim(r.makeID(""))
	if err != nil {
		r.t.Fatal(err)
	}
	r.begin(s)
	return s
}

func (r *rig) begin(s *explain.Session) {
	client, accepted := net.Pipe()
	r.t.Cleanup(func() { client.Close(); accepted.Close() })
	explain.TapClient(accepted).(*explain.Tap).Attach(s, "/lab/echo")
}

// told asks for what became of a session.
func (r *rig) told(id string) (got map[string]any) {
	r.t.Helper()
	a := r.get("/api/sessions/" + id)
	if err := json.Unmarshal([]byte(a.body), &got); a.StatusCode != 200 || err != nil {
		r.t.Fatalf("GET session: %d %q", a.StatusCode, a.body)
	}
	return got
}

func TestWishesAreBounded(t *testing.T) {
	r := newRig(t)
	for _, c := range []struct {
		body, words string
		status      int
	}{
		{``, ``, 201},
		{`{}`, ``, 201},
		{`{"hold_fin_ms":50,"ping_ms":300,"pong_timeout_ms":500,"idle_ms":0}`, ``, 201},
		{`{"hold_fin_ms":1000,"ping_ms":100,"pong_timeout_ms":10000,"idle_ms":60000}`, ``, 201},
		{`{"hold_fin_ms":1001}`, `hold_fin_ms is 1001; it can be 0 or from 1 to 1000`, 400},
		{`{"hold_fin_ms":-1}`, `hold_fin_ms is -1`, 400},
		{`{"ping_ms":99}`, `ping_ms is 99; it can be 0 or from 100 to 10000`, 400},
		{`{"ping_ms":10001}`, `ping_ms`, 400},
		{`{"pong_timeout_ms":1}`, `pong_timeout_ms`, 400},
		{`{"idle_ms":60001}`, `idle_ms`, 400},
		{`{"hold_fin_ms":1e99}`, `hold_fin_ms`, 400},
		{`{"hold_fin_ms":0.5}`, `hold_fin_ms`, 400},
		{`{"hold_fin":50}`, `unknown field`, 400},
		{`{"ping_ms":"300"}`, `ping_ms`, 400},
		{`[]`, `array`, 400},
		{`{} {}`, `something follows`, 400},
		{`{}]`, `something follows`, 400},
		{`{`, `unexpected EOF`, 400},
		{`ping`, `invalid character`, 400},
	} {
		r.want(c.body, r.post("/api/sessions", c.body), c.status, c.words)
	}
}

func TestWishesReachTheSession(t *testing.T) {
	r := newRig(t)
	id := r.makeID(`{"hold_fin_ms":1,"ping_ms":200,"pong_timeout_ms":300,"idle_ms":400}`)
	want := explain.Wishes{HoldFIN: time.Millisecond, Ping: 200 * time.Millisecond, PongTimeout: 300 * time.Millisecond, Idle: 400 * time.Millisecond}
	if got := r.hub.Find(id).Wishes(); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestASessionIsForOneConnection(t *testing.T) {
	r := newRig(t)
	id := r.makeID("")
	if _, err := r.hub.Claim(id); err != nil {
		t.Errorf("first: %v", err)
	}
	if _, err := r.hub.Claim(id); err != explain.ErrUsed {
		t.Errorf("second: %v, want %v", err, explain.ErrUsed)
	}
}

func TestIDsCannotBeGuessed(t *testing.T) {
	r := newRigWith(t, Options{}, explain.HubOptions{MaxPerClient: 50})
	seen := make(map[string]bool)
	for range 40 {
		id := r.makeID("")
		if seen[id] || len(id) < 22 { // 128 bits in base 64
			t.Errorf("id %q", id)
		}
		seen[id] = true
	}
	r.want("no id", r.get("/api/sessions/"), 404, "")
	r.want("an id of nobody", r.get("/api/sessions/"+strings.Repeat("A", 26)), 404, "POST /api/sessions")
	r.want("a feed of nobody", r.get("/api/sessions/"+strings.Repeat("A", 26)+"/events"), 404, "POST /api/sessions")
}

func TestSessionsExpire(t *testing.T) {
	r := newRigWith(t, Options{}, explain.HubOptions{Unused: time.Millisecond})
	id := r.makeID("")
	for until := time.Now().Add(patience); r.get("/api/sessions/"+id).StatusCode != 404; {
		if time.Now().After(until) {
			t.Fatal("the session is still there")
		}
	}
}

func TestSessionsAreBoundedInNumber(t *testing.T) {
	r := newRigWith(t, Options{}, explain.HubOptions{MaxSessions: 2, MaxPerClient: 2})
	first := r.makeID("")
	r.makeID("")
	got := r.post("/api/sessions", "")
	r.want("the third", got, 429, "too many")
	if got.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	s, err := r.hub.Claim(first)
	if err != nil {
		t.Fatal(err)
	}
	s.End()
	r.want("one that has ended makes room", r.post("/api/sessions", ""), 201, "")
}

func TestTheStatesOfASession(t *testing.T) {
	r := newRig(t)
	id := r.makeID("")
	got := r.told(id)
	if got["id"] != id || got["state"] != "waiting" || got["fate"] != nil || got["start_us"] != nil || got["vital"] == nil {
		t.Errorf("waiting: %v", got)
	}
	s, err := r.hub.Claim(id)
	if err != nil {
		t.Fatal(err)
	}
	r.begin(s)
	if got = r.told(id); got["state"] != "open" || got["start_us"] == nil || len(got["vital"].([]any)) == 0 {
		t.Errorf("open: %v", got)
	}
	s.End()
	if got = r.told(id); got["state"] != "ended" {
		t.Errorf("ended: %v", got)
	}
}

// The browser tells its page 1006 for all of these.
func TestWhyItEndedCanBeAskedLater(t *testing.T) {
	r := newRig(t)
	for _, e := range []explain.Event{
		{Layer: explain.Pair, Kind: explain.Refused, Status: 404, Why: "nothing is served at this path"},
		{Layer: explain.Pair, Kind: explain.DialFailed, Code: 1014, Why: "target refused the connection"},
		{Layer: explain.Pair, Kind: explain.Cause, Code: 1001, Why: "idle"},
	} {
		s := r.open()
		s.Record(e)
		s.End()
		fate, _ := r.told(s.ID())["fate"].(map[string]any)
		if fate["kind"] != string(e.Kind) || fate["why"] != e.Why || fate["say"] == "" || fate["say"] == nil {
			t.Errorf("%s: fate is %v", e.Kind, fate)
		}
	}
}

func TestTheStartIsOnTheClock(t *testing.T) {
	r := newRig(t)
	clock := func() float64 {
		var c struct{ Now float64 }
		json.Unmarshal([]byte(r.get("/api/clock").body), &c)
		return c.Now
	}
	before := clock()
	s := r.open()
	start, after := r.told(s.ID())["start_us"].(float64), clock()
	if start < before || start > after {
		t.Errorf("start %v; the clock was %v before and %v after", start, before, after)
	}
}
