package explain

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func mustNew(t testing.TB, h *Hub, client string) *Session {
	t.Helper()
	s, err := h.New(client, Wishes{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestIDsCannotBeGuessed(t *testing.T) {
	h := testHub(t, HubOptions{})
	a, b := mustNew(t, h, "x").ID(), mustNew(t, h, "x").ID()
	if len(a) < 26 || a == b { // 26 characters of base32 are 130 bits
		t.Errorf("ids %q and %q", a, b)
	}
	if h.Find("") != nil || h.Find(a[:25]) != nil {
		t.Error("found by something else than the id")
	}
}

func TestClaimIsForOneConnection(t *testing.T) {
	h := testHub(t, HubOptions{})
	s := mustNew(t, h, "x")
	if s.State() != Waiting || h.Find(s.ID()) != s {
		t.Errorf("a new session is %s", s.State())
	}
	var won atomic.Int32
	var claiming sync.WaitGroup
	for range 8 {
		claiming.Go(func() {
			switch got, err := h.Claim(s.ID()); {
			case err == nil && got == s:
				won.Add(1)
			case !errors.Is(err, ErrUsed):
				t.Errorf("got %v, want ErrUsed", err)
			}
		})
	}
	claiming.Wait()
	if won.Load() != 1 || s.State() != Open {
		t.Errorf("claimed %d times, and is %s", won.Load(), s.State())
	}
	s.End()
	if _, err := h.Claim(s.ID()); !errors.Is(err, ErrUsed) {
		t.Errorf("after its end: %v, want ErrUsed", err)
	}
	if _, err := h.Claim("other"); !errors.Is(err, ErrUnknown) {
		t.Errorf("an id that was never given: %v, want ErrUnknown", err)
	}
}

// A session of --trace has no id by which a page could find it.
func TestTraceIsNotFound(t *testing.T) {
	h := testHub(t, HubOptions{})
	h.Trace()
	if _, err := h.Claim(""); !errors.Is(err, ErrUnknown) {
		t.Errorf("got %v, want ErrUnknown", err)
	}
}

func TestBounds(t *testing.T) {
	h := testHub(t, HubOptions{MaxSessions: 4, MaxPerClient: 2})
	a := mustNew(t, h, "a")
	mustNew(t, h, "a")
	if _, err := h.New("a", Wishes{}); !errors.Is(err, ErrTooMany) {
		t.Errorf("a third for one client: %v, want ErrTooMany", err)
	}
	b, c := mustNew(t, h, "b"), mustNew(t, h, "c")
	if _, err := h.New("d", Wishes{}); !errors.Is(err, ErrTooMany) {
		t.Errorf("a fifth in all: %v, want ErrTooMany", err)
	}
	c.End()
	b.End()
	d := mustNew(t, h, "d")
	if h.Find(b.ID()) != nil || h.Find(c.ID()) != c || h.Find(d.ID()) != d {
		t.Error("the oldest of those that have ended did not make room")
	}
	a.End()
	if h.Find(a.ID()) != a {
		t.Error("one that has ended cannot be asked about")
	}
	mustNew(t, h, "a") // its share has room again; and it takes the room of its own older one
	if h.Find(a.ID()) != nil || h.Find(c.ID()) != c {
		t.Error("the oldest of those that have ended did not make room")
	}
}

func TestSessionsExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := NewHub(HubOptions{Unused: 30 * time.Second, Keep: 2 * time.Minute})
		defer h.Close()
		unused, used, long := mustNew(t, h, "x"), mustNew(t, h, "x"), mustNew(t, h, "x")
		h.Claim(used.ID())
		h.Claim(long.ID())
		time.Sleep(29 * time.Second)
		if h.Find(unused.ID()) == nil {
			t.Error("forgotten before its time")
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if h.Find(unused.ID()) != nil || unused.State() != Ended {
			t.Errorf("unused for 31 s: still there, %s", unused.State())
		}
		time.Sleep(time.Hour)
		if h.Find(used.ID()) != used || used.State() != Open {
			t.Error("a session in use was forgotten")
		}
		used.End()
		time.Sleep(119 * time.Second)
		if h.Find(used.ID()) != used {
			t.Error("one that has ended was forgotten before its time")
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if h.Find(used.ID()) != nil || h.Find(long.ID()) != long {
			t.Error("2 minutes after its end: still there, or an open one is not")
		}
	})
}

// A session that something else than Claim has begun expires after its end like all others.
func TestBegunWithoutClaimExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := NewHub(HubOptions{})
		defer h.Close()
		s := mustNew(t, h, "x")
		s.begin(time.Now(), Event{})
		time.Sleep(time.Minute)
		if h.Find(s.ID()) != s || s.State() != Open {
			t.Errorf("in use, but gone or %s", s.State())
		}
		s.End()
		time.Sleep(time.Hour)
		synctest.Wait()
		if h.Find(s.ID()) != nil {
			t.Error("an hour after its end: still there")
		}
	})
}

// Close ends everything, whatever is going on; TestMain looks for goroutines that are left.
func TestHubClose(t *testing.T) {
	for range 20 {
		h := NewHub(HubOptions{MaxSessions: 1000, MaxPerClient: 1000})
		var busy sync.WaitGroup
		for i := range 4 {
			busy.Go(func() {
				for range 20 {
					s, err := h.New(fmt.Sprint(i), Wishes{})
					if err != nil {
						return
					}
					if _, err := h.Claim(s.ID()); err == nil && i%2 == 0 {
						s.Record(readOf("x"))
						s.End()
					}
					if traced := h.Trace(); traced != nil && i%2 == 1 {
						traced.Record(readOf("x"))
					}
				}
			})
		}
		h.Close()
		busy.Wait()
		if _, err := h.New("x", Wishes{}); !errors.Is(err, ErrTooMany) {
			t.Errorf("New after Close: %v", err)
		}
		if h.Trace() != nil {
			t.Error("Trace after Close")
		}
		if len(h.all) != 0 || len(h.sessions) != 0 {
			t.Errorf("%d and %d sessions are left", len(h.all), len(h.sessions))
		}
		h.Close()
	}
}
