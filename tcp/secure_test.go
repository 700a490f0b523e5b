package tcp

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// secureListen listens with c.
func secureListen(t *testing.T, c *Certificates, handshakeTimeout time.Duration) (address string, ln net.Listener) {
	t.Helper()
	plain, _ := listen(t, "tcp")
	return plain.Addr().String(), SecureListener(plain, c, handshakeTimeout)
}

func accept(t *testing.T, ln net.Listener) net.Conn {
	t.Helper()
	nc, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	return nc
}

func dialPlain(t *testing.T, address string) *net.TCPConn {
	t.Helper()
	nc, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	nc.SetDeadline(time.Now().Add(patience))
	return nc.(*net.TCPConn)
}

// dialSecure makes a connection whose handshake is done.
func dialSecure(t *testing.T, address string, a authority) *tls.Conn {
	t.Helper()
	nc := tls.Client(dialPlain(t, address), &tls.Config{RootCAs: a.roots, ServerName: "localhost"})
	if err := nc.Handshake(); err != nil {
		t.Fatal(err)
	}
	return nc
}

func echoForEver(ln net.Listener, done *sync.WaitGroup) {
	defer done.Done()
	for {
		nc, err := ln.Accept()
		if err != nil {
			return
		}
		done.Add(1)
		go echo(nc, done)
	}
}

func echo(nc net.Conn, done *sync.WaitGroup) {
	defer done.Done()
	io.Copy(nc, nc)
	nc.Close()
}

func checkEcho(t *testing.T, nc net.Conn, text string) {
	t.Helper()
	got := make([]byte, len(text))
	if _, err := io.WriteString(nc, text); err != nil {
		t.Error(err)
	}
	if _, err := io.ReadFull(nc, got); err != nil || string(got) != text {
		t.Errorf("echo of %q: %q, %v", text, got, err)
	}
}

func readFirst(nc net.Conn, done chan<- error) {
	_, err := nc.Read(make([]byte, 1))
	done <- err
}

// A client that does not speak holds up nobody else, and is gone after the handshake timeout.
func TestASlowHandshake(t *testing.T) {
	clients := []struct {
		claim string
		play  func(nc net.Conn, stopped chan<- struct{})
	}{
		{"a client that says nothing", func(_ net.Conn, stopped chan<- struct{}) { close(stopped) }},
		{"a client that trickles", func(nc net.Conn, stopped chan<- struct{}) {
			hello := append([]byte{22, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3}, pattern(500)...)
			for i := range hello {
				if _, err := nc.Write(hello[i : i+1]); err != nil {
					break
				}
				time.Sleep(20 * time.Millisecond)
			}
			close(stopped)
		}},
	}
	for _, tt := range clients {
		t.Run(tt.claim, func(t *testing.T) {
			t.Parallel()
			address, ln := secureListen(t, ours.files(t), 300*time.Millisecond)
			slow := dialPlain(t, address)
			stopped := make(chan struct{})
			accepted := accept(t, ln)
			go tt.play(slow, stopped)
			ended := make(chan error, 1)
			go readFirst(accepted, ended)

			quick := tls.Client(dialPlain(t, address), &tls.Config{RootCAs: ours.roots, ServerName: "localhost"})
			other := accept(t, ln)
			var echoes sync.WaitGroup
			echoes.Add(1)
			go echo(other, &echoes)
			checkEcho(t, quick, "not held up")
			quick.Close()
			echoes.Wait()

			if err := within(t, "the slow client's read", ended); err == nil {
				t.Error("Read returned no error")
			}
			io.Copy(io.Discard, slow)
			within(t, "the slow client", stopped)
		})
	}
}

func TestPlainHTTPOnATLSPort(t *testing.T) {
	const want = "wsbridge: this port speaks TLS; use https:// or wss://\n"
	requests := map[string]string{
		"a GET":                  "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
		"a POST with a body":     "POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n" + strings.Repeat("x", 200_000),
		"OPTIONS of all":         "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
		"a HEAD for five bytes":  "HEAD ",
		"a GET that never ends ": "GET /",
	}
	for claim, request := range requests {
		t.Run(claim, func(t *testing.T) {
			t.Parallel()
			address, ln := secureListen(t, ours.files(t), patience)
			client := dialPlain(t, address)
			if _, err := io.WriteString(client, request); err != nil {
				t.Fatal(err)
			}
			ended := make(chan error, 1)
			go readFirst(accept(t, ln), ended)
			all := make(chan result, 1)
			go readAll(client, 1<<10, nil, all)
			got := within(t, "the answer", all)
			if got.err != nil {
				t.Errorf("the client read %v, want EOF", got.err)
			}
			response, err := http.ReadResponse(bufio.NewReader(strings.NewReader(string(got.data))), nil)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(response.Body)
			if string(body) != want || err != nil || response.StatusCode != 400 || !response.Close || response.ProtoMinor != 1 ||
				!strings.HasPrefix(response.Header.Get("Content-Type"), "text/plain") {
				t.Errorf("got %q (%v) after\n%q", body, err, got.data)
			}
			client.Close()
			if err := within(t, "the read", ended); err == nil {
				t.Error("Read returned no error")
			}
		})
	}
}

func TestGarbageOnATLSPort(t *testing.T) {
	garbage := map[string]string{
		"SSH":           "SSH-2.0-OpenSSH_9.2\r\n",
		"zeros":         strings.Repeat("\x00", 300),
		"a PROXY line":  "PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n",
		"five bytes":    "hello",
		"a large frame": "\x16\x03\x01\xff\xff" + strings.Repeat("x", 100),
		"HTTP behind a record": "\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00" +
			"GET / HTTP/1.1\r\n\r\n",
	}
	for claim, text := range garbage {
		address, ln := secureListen(t, ours.files(t), patience)
		client := dialPlain(t, address)
		io.WriteString(client, text)
		ended := make(chan error, 1)
		accepted := accept(t, ln)
		go readFirst(accepted, ended)
		got, _ := io.ReadAll(client) // a RST is as good an end
		if strings.Contains(string(got), "HTTP") {
			t.Errorf("%s: answered %q", claim, got)
		}
		client.Close()
		if err := within(t, claim, ended); err == nil {
			t.Errorf("%s: Read returned no error", claim)
		}
		if _, err := accepted.Write([]byte("x")); err == nil {
			t.Errorf("%s: Write after it: no error", claim)
		}
	}
}

func TestWhoMayShakeHands(t *testing.T) {
	f := newFiles(t, ours)
	writeFile(t, f.ca, theirs.certPEM())
	strict, err := LoadCertificates(f.cert, f.key, f.ca)
	if err != nil {
		t.Fatal(err)
	}
	open := f.load(t)
	tests := []struct {
		claim  string
		server *Certificates
		client *tls.Config
		want   string // in the client's error; "" for a connection
	}{
		{"a client without ALPN", open, &tls.Config{}, ""},
		{"a client that offers h2 and http/1.1", open, &tls.Config{NextProtos: []string{"h2", "http/1.1"}}, ""},
		{"a client that offers only h2", open, &tls.Config{NextProtos: []string{"h2"}}, "no application protocol"},
		{"TLS 1.2", open, &tls.Config{MaxVersion: tls.VersionTLS12}, ""},
		{"TLS 1.1", open, &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}, "protocol version"},
		{"a client with the right certificate", strict, &tls.Config{Certificates: []tls.Certificate{theirs.cert}}, ""},
		{"a client without a certificate", strict, &tls.Config{}, "certificate required"},
		{"a client without a certificate, TLS 1.2", strict, &tls.Config{MaxVersion: tls.VersionTLS12}, "handshake failure"},
		{"a client with another certificate", strict, &tls.Config{GetClientCertificate: give(ours)}, "unknown certificate authority"},
	}
	for _, tt := range tests {
		t.Run(tt.claim, func(t *testing.T) {
			t.Parallel()
			address, ln := secureListen(t, tt.server, patience)
			config := tt.client.Clone()
			config.RootCAs, config.ServerName = ours.roots, "localhost"
			client := tls.Client(dialPlain(t, address), config)
			accepted := accept(t, ln)
			var echoes sync.WaitGroup
			echoes.Add(1)
			go echo(accepted, &echoes)
			// In TLS 1.3 a client hears only behind its own handshake that its certificate is not wanted.
			_, err := io.WriteString(client, "hello")
			if err == nil {
				_, err = io.ReadFull(client, make([]byte, 5))
			}
			client.Close()
			echoes.Wait()
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
			state := accepted.(interface{ ConnectionState() tls.ConnectionState }).ConnectionState()
			if state.HandshakeComplete != (tt.want == "") {
				t.Errorf("HandshakeComplete is %v", state.HandshakeComplete)
			}
		})
	}
}

// give gives a certificate that was not asked for.
func give(a authority) func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
	return func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &a.cert, nil }
}

// net/http knows that a request came over TLS, and who asked; and what it gives away goes on.
func TestAnHTTPServerOverASecureListener(t *testing.T) {
	f := newFiles(t, ours)
	writeFile(t, f.ca, theirs.certPEM())
	certificates, err := LoadCertificates(f.cert, f.key, f.ca)
	if err != nil {
		t.Fatal(err)
	}
	address, ln := secureListen(t, certificates, patience)
	var relayed sync.WaitGroup
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.TLS == nil || !r.TLS.HandshakeComplete || len(r.TLS.VerifiedChains) == 0 {
			t.Errorf("%s: TLS is %+v", r.URL.Path, r.TLS)
		}
		if r.URL.Path != "/upgrade" {
			io.WriteString(w, "hello")
			return
		}
		nc, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		io.WriteString(buffered, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
		buffered.Flush()
		c := NewConn(nc, patience)
		if c.BytesRead() < 100 {
			t.Errorf("only %d bytes read: the request and the handshake were more", c.BytesRead())
		}
		relayed.Add(1)
		go echoConn(c, &relayed)
	})}
	served := make(chan error, 1)
	go serveInto(server, ln, served)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: ours.roots, Certificates: []tls.Certificate{theirs.cert}}}
	client := &http.Client{Transport: transport}
	for range 2 {
		response, err := client.Get("https://" + address + "/")
		if err != nil {
			t.Fatal(err)
		}
		if body, err := io.ReadAll(response.Body); string(body) != "hello" || err != nil {
			t.Errorf("got %q, %v", body, err)
		}
		response.Body.Close()
	}
	request, err := http.NewRequestWithContext(context.Background(), "GET", "https://"+address+"/upgrade", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header["Connection"], request.Header["Upgrade"] = []string{"Upgrade"}, []string{"x"}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	up := response.Body.(io.ReadWriteCloser)
	data, got := pattern(300_000), make(chan result, 1)
	go readSome(up, len(data), got)
	if _, err := up.Write(data); err != nil {
		t.Error(err)
	}
	sameBytes(t, within(t, "the echo", got).data, data)
	up.Close()
	relayed.Wait()
	transport.CloseIdleConnections()
	server.Close()
	if err := within(t, "Serve", served); !errors.Is(err, http.ErrServerClosed) {
		t.Errorf("Serve returned %v", err)
	}
}

func echoConn(c *Conn, done *sync.WaitGroup) {
	defer done.Done()
	io.Copy(struct{ io.Writer }{c}, struct{ io.Reader }{c})
	c.Finish(patience)
}

func serveInto(server *http.Server, ln net.Listener, done chan<- error) { done <- server.Serve(ln) }

func readSome(r io.Reader, n int, done chan<- result) {
	data := make([]byte, n)
	_, err := io.ReadFull(r, data)
	done <- result{data, err}
}

// A frame's header and a short payload leave in one record, so in one segment.
func TestWriteBuffersFillsRecords(t *testing.T) {
	c, peer := connect(t, "accepted tls", patience)
	header, payload := []byte("head"), []byte("payload")
	if err := c.WriteBuffers(&net.Buffers{header, nil, payload}); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 100)
	if n, err := peer.Read(buf); string(buf[:n]) != "headpayload" || err != nil {
		t.Errorf("the first record is %q, %v", buf[:n], err)
	}
	sizes := []int{0, 1, record - 1, record, record + 1, 100_000}
	for _, first := range sizes {
		for _, second := range sizes {
			data := pattern(first + second)
			v := net.Buffers{data[:first], data[first:]}
			got := make(chan result, 1)
			go readSome(peer, len(data), got)
			if err := c.WriteBuffers(&v); err != nil || len(v) != 0 {
				t.Errorf("%d and %d: %v, %d buffers left", first, second, err, len(v))
			}
			sameBytes(t, within(t, "the read", got).data, data)
		}
	}
}
