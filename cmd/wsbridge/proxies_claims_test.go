//go:build linux

package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

var proxyClaims = []proxyClaim{
	{"a WebSocket opens, and text comes back from TCP", echoesText},
	{"1 MiB comes back as it was", echoesMegabyte},
	{"the client's Close 4001 is echoed, and TCP ends", echoesClose},
	{"the target's FIN is Close 1000", tellsFIN},
	{"a refusal passes, with what to do", passesRefusal},
	{"the page passes", passesPage},
	{"the feed tells of a session while it lasts", passesFeed},
	{"updates over HTTP come one by one", passesUpdates},
	{"TLS 1.2 and 1.3, and nothing older", wantsTLS12},
}

func echoesText(t *testing.T, s *site) {
	c := s.open(t, "/")
	c.send(text, []byte("发送数据"))
	if got, want := c.next(), `binary "发送数据"`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func echoesMegabyte(t *testing.T, s *site) {
	sent := make([]byte, megabyte)
	rand.Read(sent)
	c := s.open(t, "/")
	go c.send(binry, sent)
	if got := c.read(len(sent)); !bytes.Equal(got, sent) {
		t.Error("what came back differs from what was sent")
	}
}

func echoesClose(t *testing.T, s *site) {
	c := s.open(t, "/")
	c.send(closed, append([]byte{4001 >> 8, 4001 & 0xFF}, "bye"...))
	expectNext(t, c, `Close 4001 "bye"`)
	expectNext(t, c, "end of TCP")
}

func tellsFIN(t *testing.T, s *site) {
	c := s.open(t, "/lab/daytime")
	if line := readLine(c); !strings.Contains(line, "UTC") {
		t.Errorf("got %q, want a line with date and time", line)
	}
	expectNext(t, c, `Close 1000 "target closed"`)
}

func passesRefusal(t *testing.T, s *site) {
	_, response := s.handshake(t, "/", "Origin: https://elsewhere.example.org")
	body, err := io.ReadAll(response.Body)
	if response.StatusCode != http.StatusForbidden || err != nil || !strings.HasPrefix(string(body), "wsbridge: ") ||
		!strings.Contains(string(body), "--allow-origin https://elsewhere.example.org") {
		t.Errorf("got %s %q (%v), want 403 and the flag that would allow it", response.Status, body, err)
	}
}

func passesPage(t *testing.T, s *site) {
	for path, want := range map[string]string{"/": "<!doctype html>", "/page/main.js": "import ", "/api/bridge": `"lab:echo"`} {
		response := s.ask(t, s.browser(t), http.MethodGet, path)
		body, err := io.ReadAll(response.Body)
		if response.StatusCode != http.StatusOK || err != nil || !strings.Contains(string(body), want) {
			t.Errorf("GET %s: got %s (%v), want 200 and %s in\n%.200s", path, response.Status, err, want, body)
		}
	}
}

// passesFeed would wait in vain if the proxy collected the feed: it ends only after the session, and that is over only
// when the feed has told of it.
func passesFeed(t *testing.T, s *site) {
	browser := s.browser(t)
	id := s.session(t, browser)
	feed := bufio.NewReader(s.ask(t, browser, http.MethodGet, "/api/sessions/"+id+"/events").Body)
	awaitLine(t, feed, "event: start")
	c := s.open(t, "/?session="+id)
	awaitLine(t, feed, `"kind":"upgraded"`)
	c.send(text, []byte("?"))
	awaitLine(t, feed, `"layer":"frame","kind":"text"`)
	c.send(closed, []byte{1000 >> 8, 1000 & 0xFF})
	awaitLine(t, feed, "event: end")
}

func awaitLine(t *testing.T, r *bufio.Reader, part string) {
	t.Helper()
	for {
		line, err := r.ReadString('\n')
		if strings.Contains(line, part) {
			return
		}
		if err != nil {
			t.Fatalf("no %s in the feed: %v", part, err)
		}
	}
}

// passesUpdates reads the first update and asks whether there are more to come. They come up during a second, so on a busy
// machine the answer can be no; then it tries again.
func passesUpdates(t *testing.T, s *site) {
	browser := s.browser(t)
	for range 10 {
		id := s.session(t, browser)
		updates := bufio.NewReader(s.ask(t, browser, http.MethodGet, "/api/updates?via=sse&session="+id).Body)
		awaitLine(t, updates, "data: update 00 ")
		var is struct{ State string }
		if err := json.NewDecoder(s.ask(t, browser, http.MethodGet, "/api/sessions/"+id).Body).Decode(&is); err != nil {
			t.Fatal(err)
		}
		awaitLine(t, updates, "data: update 99 ")
		if is.State != "ended" {
			return
		}
	}
	t.Error("the first update never came before all had been sent")
}

func wantsTLS12(t *testing.T, s *site) {
	for version, want := range map[uint16]bool{tls.VersionTLS10: false, tls.VersionTLS11: false, tls.VersionTLS12: true, tls.VersionTLS13: true} {
		conn, err := s.dialTLS(t, &tls.Config{MinVersion: version, MaxVersion: version})
		if got := err == nil; got != want {
			t.Errorf("%s: got %v (%v), want %v", tls.VersionName(version), got, err, want)
		}
		if err == nil {
			conn.Close()
		}
	}
}

// visitor is the address of a client who is somewhere else.
const visitor = "127.9.9.9"

func (s *site) dialer() *net.Dialer {
	return &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(s.visitor)}, Timeout: patience}
}

func (s *site) dialTLS(t *testing.T, config *tls.Config) (net.Conn, error) {
	t.Helper()
	config.RootCAs, config.ServerName = s.roots, siteName
	conn, err := tls.DialWithDialer(s.dialer(), "tcp", s.address, config)
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(patience))
	return conn, nil
}

// handshake sends an opening handshake to the proxy and returns whatever the answer is. headers are "Name: value".
func (s *site) handshake(t *testing.T, path string, headers ...string) (*client, *http.Response) {
	t.Helper()
	conn, err := s.dialTLS(t, &tls.Config{})
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequest(http.MethodGet, "https://"+s.host()+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range append(headers, "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
		"Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==") {
		name, value := cutHeader(h)
		r.Header.Add(name, value)
	}
	if err := r.Write(conn); err != nil {
		t.Fatal(err)
	}
	c := &client{t, conn, bufio.NewReader(conn)}
	response, err := http.ReadResponse(c.br, r)
	if err != nil {
		t.Fatalf("GET %s: %v", path, err)
	}
	return c, response
}

// open opens a WebSocket, without Origin as programs do.
func (s *site) open(t *testing.T, path string, headers ...string) *client {
	t.Helper()
	c, response := s.handshake(t, path, headers...)
	if response.StatusCode != http.StatusSwitchingProtocols {
		body, _ := io.ReadAll(response.Body)
		t.Fatalf("GET %s: %s %s", path, response.Status, body)
	}
	return c
}

// browser loads what is no WebSocket, over HTTP/2 where the proxy offers it.
func (s *site) browser(t *testing.T) *http.Client {
	transport := &http.Transport{
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return s.dialer().DialContext(ctx, network, s.address)
		},
		TLSClientConfig:   &tls.Config{RootCAs: s.roots},
		ForceAttemptHTTP2: true,
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: patience}
}

// ask sends a request as the site's own page does.
func (s *site) ask(t *testing.T, browser *http.Client, method, path string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "https://"+s.host()+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if method != http.MethodGet { // browsers send none with a page's own GET
		r.Header.Set("Origin", "https://"+s.host())
	}
	response, err := browser.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { response.Body.Close() })
	return response
}

// session makes a session that a page may watch.
func (s *site) session(t *testing.T, browser *http.Client) (id string) {
	t.Helper()
	response := s.ask(t, browser, http.MethodPost, "/api/sessions")
	body, err := io.ReadAll(response.Body)
	var made struct{ ID string }
	if response.StatusCode != http.StatusCreated || err != nil || json.Unmarshal(body, &made) != nil {
		t.Fatalf("POST /api/sessions: %s %s (%v)", response.Status, body, err)
	}
	return made.ID
}
