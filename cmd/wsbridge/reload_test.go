package main

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// hangup has the program read its configuration again, and waits until it says so in these words.
func (p *program) hangup(words string) string {
	p.t.Helper()
	before := len(p.stderr.String())
	p.signal(syscall.SIGHUP)
	return p.stderr.awaitBehind(p.t, before, words)
}

const readAgain = "SIGHUP: the configuration has been read again"

func TestReload(t *testing.T) {
	t.Parallel()
	a, b := serveTarget(t, greets("A")), serveTarget(t, greets("B"))
	file := newFile(t, "wsbridge.yaml", "routes: [{path: /x, target: '"+a+"'}]\n")
	p := start(t, nil, "--config", file)
	old := open(t, p.addr, "/x")
	if got, want := old.next(), `binary "A"`; got != want {
		t.Errorf("before: got %s, want %s", got, want)
	}

	writeFile(t, file, "routes: [{path: /x, target: '"+b+"'}, {path: /y, target: '"+a+"', require-origin: true}]\nlog-format: json\n")
	p.hangup(readAgain)
	if got, want := firstAnswer(t, p, "/x"), `binary "B"`; got != want {
		t.Errorf("a new connection: got %s, want %s", got, want)
	}
	if got, want := status(t, p, "/y"), "403"; got != want {
		t.Errorf("a new route: got %s, want %s", got, want)
	}
	if log := p.stderr.String(); !strings.Contains(log, "takes effect when wsbridge is started again\" setting=log-format") {
		t.Errorf("nothing says that the format did not change:\n%s", log)
	}
	old.send(closed, []byte{0x0F, 0xA1}) // 4001
	if got, want := old.next(), `Close 4001 ""`; got != want {
		t.Errorf("the old connection: got %s, want %s", got, want)
	}

	for _, broken := range []struct{ text, says string }{
		{"routes: [{path: /x}]\n", file + ":1:10: a route has one target, or tokens"},
		{"routes: [\n", "not YAML"},
		{"auth-token-file: nowhere\n", "no such file or directory"},
	} {
		writeFile(t, file, broken.text)
		line := p.hangup("SIGHUP: the new configuration is not used, the old one goes on.*\n")
		if !strings.Contains(line, broken.says) || !strings.Contains(line, "hint=") {
			t.Errorf("got %s, want %q and a hint", line, broken.says)
		}
		if got, want := firstAnswer(t, p, "/x"), `binary "B"`; got != want {
			t.Errorf("after a broken file: got %s, want %s", got, want)
		}
	}
}

// TestTokensAreReadAgain: a token that is taken out of its file lets nobody in any more, and one that is put in does.
func TestTokensAreReadAgain(t *testing.T) {
	t.Parallel()
	file := newFile(t, "tokens", goodToken+"\n")
	p := start(t, nil, "--auth-token-file", file)
	both := statuses("/|Authorization: Bearer "+goodToken, "/|Authorization: Bearer another-token-0123456789")
	if got, want := both(t, p), "101 401"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	writeFile(t, file, "another-token-0123456789\n")
	p.hangup(readAgain)
	if got, want := both(t, p), "401 101"; got != want {
		t.Errorf("after SIGHUP: got %s, want %s", got, want)
	}
}

// TestTableIsReadAgain, and by itself.
func TestTableIsReadAgain(t *testing.T) {
	t.Parallel()
	file := newFile(t, "machines", "one: "+serveTarget(t, greets("1"))+"\n")
	p := start(t, nil, "--tokens", file)
	if got, want := firstAnswer(t, p, "/?token=one"), `binary "1"`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	writeFile(t, file, "two: "+serveTarget(t, greets("2"))+"\n")
	if got, want := firstAnswer(t, p, "/?token=two"), `binary "2"`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	writeFile(t, file, "three\n")
	if got, want := statuses("/?token=two", "/?token=one", "/?token=127.0.0.1:22", "/?token=", "/")(t, p), "101 403 403 403 403"; got != want {
		t.Errorf("a broken table, and names that are not in it: got %s, want %s", got, want)
	}
	p.stderr.await(t, `level=ERROR msg="tokens cannot be read again; those of before go on" error=".*machines:1: `)
	if strings.Contains(p.stderr.String(), "127.0.0.1:22") {
		t.Error("a token is in the log")
	}
}

// TestReloadUnderLoad: 200 live sessions get every byte back while the configuration is read again and again, also a
// broken one.
func TestReloadUnderLoad(t *testing.T) {
	t.Parallel()
	const sessions, rounds = 200, 12
	texts := []string{
		"routes: [{path: /x, target: lab:echo}]\nmax-conns: 1000\n",
		"routes: [{path: /x, target: lab:discard, auth-token: good-token-0123456789}]\nmax-conns: 1\nping-interval: 1s\n",
		"routes: [{path: /x\n",
	}
	file := newFile(t, "wsbridge.yaml", texts[0])
	p := start(t, nil, "--config", file)
	over := make(chan struct{})        // closed when the last reload is done
	lost := make(chan error, sessions) // each session's one result
	var ready sync.WaitGroup
	for range sessions {
		c := open(t, p.addr, "/x")
		c.conn.SetDeadline(time.Now().Add(4 * patience))
		ready.Add(1)
		go c.echoInto(lost, &ready, over)
	}
	ready.Wait()
	for i := range rounds {
		writeFile(t, file, texts[i%len(texts)])
		p.hangup("SIGHUP: the (new )?configuration")
	}
	close(over)
	for range sessions {
		if err := <-lost; err != nil {
			t.Errorf("a session: %v", err)
		}
	}
	if log := p.stderr.String(); strings.Contains(log, "pair end") && !strings.Contains(log, "client closed") {
		t.Error("a session ended that no client had closed")
	}
}

func (c *client) echoInto(lost chan<- error, ready *sync.WaitGroup, over <-chan struct{}) {
	lost <- c.echoUntil(ready, over)
}

// echoUntil sends and gets back numbered messages, and then a last one and Close. ready is told of the first.
func (c *client) echoUntil(ready *sync.WaitGroup, over <-chan struct{}) error {
	for i := 0; ; i++ {
		last := false
		select {
		case <-over:
			last = true
		default:
		}
		want := fmt.Sprintf("message %d", i)
		err := c.send(text, []byte(want))
		for got := ""; err == nil && got != want; {
			var opcode byte
			var payload []byte
			if opcode, payload, err = c.frame(); err == nil && opcode != ping {
				got += string(payload)
			}
			if err == nil && !strings.HasPrefix(want, got) {
				err = fmt.Errorf("got %q, want %q", got, want)
			}
		}
		if i == 0 {
			ready.Done()
		}
		switch {
		case err != nil:
			return err
		case !last:
			continue
		}
		c.send(closed, []byte{0x03, 0xE8})
		if opcode, _, err := c.frame(); opcode != closed || err != nil {
			return fmt.Errorf("opcode %d (%v) instead of Close", opcode, err)
		}
		return nil
	}
}

// TestCertificateReloadUnderLoad: sessions over TLS go on while certificate and key are replaced, by itself and at
// SIGHUP, and new handshakes get the new one.
func TestCertificateReloadUnderLoad(t *testing.T) {
	t.Parallel()
	const sessions = 40
	cert := newCertificate(t)
	p := start(t, nil, "--tls-cert", cert.certFile, "--tls-key", cert.keyFile, "--target", "lab:echo")
	over := make(chan struct{})        // closed after the last change
	lost := make(chan error, sessions) // each session's one result
	var ready sync.WaitGroup
	for range sessions {
		c := openTLS(t, p, cert)
		ready.Add(1)
		go c.echoInto(lost, &ready, over)
	}
	ready.Wait()
	for range 5 {
		cert.renew(t)
		p.hangup(readAgain)
		openTLS(t, p, cert)
	}
	cert.renew(t) // and nobody says so
	for deadline := time.Now().Add(patience); ; {
		if got := secureStatus(t, p, cert); got == "101" {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the new certificate is not shown")
		}
	}
	writeFile(t, cert.keyFile, "no key")
	p.hangup("is not used, the old one goes on")
	if got := secureStatus(t, p, cert); got != "101" {
		t.Errorf("after a broken key: got %s, want the old certificate", got)
	}
	close(over)
	for range sessions {
		if err := <-lost; err != nil {
			t.Errorf("a session: %v", err)
		}
	}
}

// openTLS is open over TLS.
func openTLS(t *testing.T, p *program, cert *certificate) *client {
	t.Helper()
	conn, err := tls.Dial("tcp", p.addr, &tls.Config{RootCAs: cert.pool})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(4 * patience))
	c, response := handshakeOn(t, conn, p.addr, "/")
	if response.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("got %s", response.Status)
	}
	return c
}

// TestSlowHandshakes: clients that say nothing, or a byte now and then, take no place from sessions, and are gone in time.
func TestSlowHandshakes(t *testing.T) {
	t.Parallel()
	p := launch(t, nil, "sh", "-c", "ulimit -n 320 && exec wsbridge --listen 127.0.0.1:0 --target lab:echo --handshake-timeout 1s")
	p.stderr.await(t, `route"?,? ?"?path`)
	p.addr = listening.FindStringSubmatch(p.stderr.String())[1]
	session := open(t, p.addr, "/")
	var idle []net.Conn
	for range 400 {
		conn, err := net.Dial("tcp", p.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		io.WriteString(conn, "GET / HTTP/1.1\r\nX: ")
		idle = append(idle, conn)
		session.send(text, []byte("?"))
		if got, want := session.next(), `binary "?"`; got != want {
			t.Fatalf("with %d slow clients: got %s, want %s", len(idle), got, want)
		}
	}
	for _, conn := range idle {
		conn.SetReadDeadline(time.Now().Add(patience))
		if _, err := io.Copy(io.Discard, conn); errors.Is(err, syscall.ETIMEDOUT) || isTimeout(err) {
			t.Fatalf("a slow client is still there: %v", err)
		}
	}
	p.stderr.await(t, "too many connections that are no sessions")
	for deadline := time.Now().Add(patience); ; {
		_, response := handshake(t, p.addr, "/")
		if response.StatusCode == http.StatusSwitchingProtocols {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("afterwards: %s", response.Status)
		}
	}
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

// TestNoTokenIsTold: wherever a client puts a token, right or wrong, it is in no log line, no trace, no answer and no
// event that a page can ask for.
func TestNoTokenIsTold(t *testing.T) {
	t.Parallel()
	file := newFile(t, "tokens", goodToken+"\n")
	const wrong, password = "wrong-token-0123456789", "open sesame 0123456789"
	jwt := signed(t, map[string]any{"sub": "ali", "target": "nowhere"})
	for _, format := range []string{"text", "bytes", "json"} {
		p := start(t, nil, "--auth-token-file", file, "--auth-jwt-key-file", newFile(t, "key", jwtSecret), "--auth-cookie", "session", "--auth-query",
			"--trace="+format, "--trace-payload", "all", "--log-level", "debug", "--log-format", map[string]string{"text": "text", "bytes": "text", "json": "json"}[format])
		var answers bytes.Buffer
		for _, secret := range []string{goodToken, wrong, jwt, jwt + "x"} {
			for _, place := range []string{
				"/|Authorization: Bearer SECRET", "/?access_token=SECRET", "/?a=b&access%5ftoken=SECRET&c=d", "/|Sec-WebSocket-Protocol: binary, bearer.SECRET",
				"/|Cookie: a=b; session=SECRET|Origin: http://ADDR", "/|Cookie: session=SECRET", "/|Referer: http://ADDR/?access_token=SECRET",
				"/?token=SECRET", "/|Authorization: Bearer SECRET|Origin: http://evil.example", "/|Authorization: Basic SECRET",
			} {
				parts := strings.Split(strings.NewReplacer("SECRET", secret, "ADDR", p.addr).Replace(place), "|")
				c, response := handshake(t, p.addr, parts[0], parts[1:]...)
				response.Write(&answers)
				if response.StatusCode == http.StatusSwitchingProtocols {
					c.send(closed, []byte{0x03, 0xE8})
					c.next()
				}
			}
		}
		p.signal(syscall.SIGTERM)
		p.exit(patience)
		for where, told := range map[string]string{"log": p.stderr.String(), "trace": p.stdout.String(), "answers": answers.String()} {
			for _, secret := range []string{goodToken, wrong, jwt, password} {
				if i := strings.Index(told, secret); i >= 0 {
					t.Errorf("%s: a token is in the %s: …%.300s", format, where, told[max(0, i-200):])
				}
			}
		}
		if n := strings.Count(p.stderr.String(), "refused"); n < 10 {
			t.Errorf("only %d refusals in the log: the requests were not what they should be", n)
		}
	}
}

// TestPeerTextInTheLog: CR, LF, ESC and NUL of peers reach no log as they are.
func TestPeerTextInTheLog(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"text", "json"} {
		p := start(t, nil, "--log-format", format, "--log-level", "debug", "--trusted-proxy", "127.0.0.1", "--auth-jwt-key-file", newFile(t, "key", jwtSecret))
		evil := "%0d%0aevil%1b[31m%00%c2%9b"
		for _, request := range []string{
			"/" + evil, "/|Origin: http://\x1b[31m", "/|X-Forwarded-For: \x1b[31m", "/|Host: a\x1b.example", "/lab/" + evil,
			"/|Authorization: Bearer " + signed(t, map[string]any{"sub": "evil\r\n\x1b[31m\x00"}),
			"/" + evil + "|Origin: http://evil.example",
		} {
			parts := strings.Split(request, "|")
			handshake(t, p.addr, parts[0], parts[1:]...)
		}
		p.signal(syscall.SIGTERM)
		p.exit(patience)
		for line := range strings.Lines(p.stderr.String()) {
			if strings.ContainsAny(strings.TrimSuffix(line, "\n"), "\r\n\x1b\x00") || strings.HasPrefix(line, "evil") {
				t.Errorf("%s: got %q", format, line)
			}
		}
		if !strings.Contains(p.stderr.String(), "evil") {
			t.Error("nothing of it is in the log: the requests were not what they should be")
		}
	}
}
