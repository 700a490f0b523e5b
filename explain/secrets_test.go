package explain

import (
	"encoding/json"
	"strings"
	"testing"
)

// wantNoSecret searches all that is known of s for values that nobody should see.
func wantNoSecret(t testing.TB, s *Session) {
	t.Helper()
	for _, events := range [][]Event{all(t, s), s.Vital()} {
		for i := range events {
			e := &events[i]
			text, err := json.Marshal(e)
			if err != nil {
				t.Fatal(err)
			}
			for _, seen := range []string{string(text), string(e.Data), string(e.Head)} {
				if strings.Contains(seen, "secret") {
					t.Errorf("%s", seen)
				}
			}
		}
		for _, dir := range []Dir{In, Out} { // and what is cut over two calls
			if strings.Contains(data(those(events, A, dir, Read, ReadCall))+data(those(events, A, dir, Write, WriteCall)), "secret") {
				t.Errorf("a secret in the %s bytes", dir)
			}
		}
	}
}

func TestSecretsAreBlottedOut(t *testing.T) {
	w := newSite(t)
	headers := []string{
		"Cookie: secret-1; a=secret-2",
		"X-Public: shown",
		"AUTHORIZATION:secret-3",
		"proxy-authorization: \t secret-4",
		"Cookie: first",
		"\tsecret-5; folded",
		" secret-6",
		"Set-Cookie: secret-7",
		"Sec-WebSocket-Protocol: binary, bearer.secret-8,  Bearer.secret-9",
		"\tbearer.secret-10",
		"Referer: http://x/?a=b&access_token=secret-11#shown",
		"X-Also: shown",
	}
	for _, size := range []int{1, 7, 10_000} {
		c, s := dialRaw(t, w.addr), mustNew(t, w.hub, "x")
		request := handshake("/ws?access_token=secret-12&session="+s.ID()+"&t%6fken=secret-13", headers...)
		for p := request; p != ""; p = p[min(size, len(p)):] {
			c.send(p[:min(size, len(p))])
		}
		w.take(c)
		wantNoSecret(t, s)
		events := all(t, s)
		got := ofBytes(t, events, A, In, Read, 0)
		if len(got) != len(request) {
			t.Fatalf("%d bytes of a request of %d", len(got), len(request))
		}
		for i := range got {
			if got[i] != request[i] && got[i] != '*' {
				t.Fatalf("byte %d became %q", i, got[i])
			}
		}
		asked := one(t, events, A, In, HTTPText, Request)
		want := map[string]string{"X-Public": "shown", "X-Also": "shown", "Cookie": "", "AUTHORIZATION": "", "proxy-authorization": "", "Set-Cookie": ""}
		for _, h := range asked.HTTP.Headers {
			value, listed := want[h[0]]
			switch {
			case !listed:
			case value != "" && h[1] != value, value == "" && strings.Trim(h[1], "* ") != "":
				t.Errorf("%s: %q, want %q or asterisks", h[0], h[1], value)
			}
			delete(want, h[0])
		}
		if len(want) != 0 {
			t.Errorf("not told: %v", want)
		}
		if !strings.Contains(got, "Cookie: *****") || !strings.Contains(got, "X-Also: shown\r\n\r\n") {
			t.Errorf("got %q", got)
		}
	}
}

// A request that follows a watched one in the same bytes is not watched, but its bytes are there to see.
func TestSecretsOfARequestBehind(t *testing.T) {
	w := newSite(t)
	c, s := dialRaw(t, w.addr), mustNew(t, w.hub, "x")
	c.send(handshake("/refuse?session="+s.ID()) + "GET /?token=secret-0 HTTP/1.1\r\nCookie: secret-1\r\n\r\n")
	c.response()
	wantNoSecret(t, s)
}
