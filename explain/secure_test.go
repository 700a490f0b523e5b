package explain

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"wsbridge/tcp"
)

// certificates are for localhost, and roots trust them.
func certificates(t testing.TB) (c *tcp.Certificates, roots *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{"localhost"}, IsCA: true, BasicConstraintsValid: true}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})
	for path, data := range map[string][]byte{certFile: certPEM, keyFile: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})} {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if c, err = tcp.LoadCertificates(certFile, keyFile, ""); err != nil {
		t.Fatal(err)
	}
	roots = x509.NewCertPool()
	roots.AppendCertsFromPEM(certPEM)
	return c, roots
}

// A session over TLS, behind a proxy, is told as plaintext; what the kernel has is the connection with the proxy.
func TestASessionOverTLSBehindAProxy(t *testing.T) {
	c, roots := certificates(t)
	always := func(netip.Addr) bool { return true }
	w := newSiteOver(t, func(ln net.Listener) net.Listener {
		return tcp.SecureListener(tcp.ProxiedListener(ln, always, patience), c, patience)
	})
	socket := dialRaw(t, w.addr)
	socket.send(proxyLine)
	client := tls.Client(socket.TCPConn, &tls.Config{RootCAs: roots, ServerName: "localhost"})
	s := mustNew(t, w.hub, "x")
	request := handshake("/ws?session=" + s.ID())
	up1, up2, bye := wireFrame(0x81, "Hello", testKey), wireFrame(0x82, random(5000), testKey), wireFrame(0x88, "\x03\xe8bye", testKey)
	if _, err := io.WriteString(client, request+up1); err != nil {
		t.Fatal(err)
	}
	fromServer := bufio.NewReader(client)
	response, err := http.ReadResponse(fromServer, nil)
	if err != nil || response.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("the answer is %v, %v", response, err)
	}
	up := <-w.upgraded
	up.read(t, len(up1))
	conn := tcp.NewConn(up.Conn, patience)
	io.WriteString(client, up2+bye)
	if _, err := io.ReadFull(conn, make([]byte, len(up2+bye))); err != nil {
		t.Fatal(err)
	}
	down := wireFrame(0x82, "World", "")
	if err := conn.WriteBuffers(&net.Buffers{[]byte(down[:2]), []byte(down[2:])}); err != nil {
		t.Fatal(err)
	}
	answer := wireFrame(0x88, "\x03\xe8", "")
	io.WriteString(conn, answer)
	record := make([]byte, len(down))
	if n, err := fromServer.Read(record); string(record[:n]) != down || err != nil {
		t.Errorf("the client's first record is %q, %v; want header and payload in one", record[:n], err)
	}
	finished := make(chan struct{})
	go finishInto(conn, finished)
	if got, err := io.ReadAll(fromServer); string(got) != answer || err != nil {
		t.Errorf("the client read %q, %v", got, err)
	}
	client.CloseWrite()
	socket.CloseWrite()
	<-finished
	s.End()

	events := all(t, s)
	checkOrder(t, events)
	if got := ofBytes(t, events, A, In, Read, 0); got != request+up1+up2+bye {
		t.Errorf("read %d bytes of plaintext, want %d", len(got), len(request+up1+up2+bye))
	}
	if got := ofBytes(t, events, A, Out, Write, 0); !strings.HasSuffix(got, "\r\n\r\n"+down+answer) {
		t.Errorf("wrote %q", got)
	}
	if e := one(t, events, A, In, Frame, Text); e.Off != int64(len(request)) || string(e.Data) != "Hello" {
		t.Errorf("frame %s", brief([]Event{e}))
	}
	if e := one(t, events, A, In, Frame, CloseFrame); e.Code != 1000 || e.Reason != "bye" {
		t.Errorf("frame %s", brief([]Event{e}))
	}
	one(t, events, A, Out, Frame, CloseFrame)
	if e := one(t, events, A, Out, Socket, Shutdown); Key(&e) != "socket.shutdown.a.tls" {
		t.Errorf("FIN is told as %s", Key(&e))
	}
	if e := one(t, events, A, In, Socket, EOF); Key(&e) != "socket.eof.a.tls" || e.Off != int64(len(request+up1+up2+bye)) {
		t.Errorf("the end is told as %s at %d", Key(&e), e.Off)
	}
	one(t, events, A, Out, Socket, Closed)
	accept := one(t, events, A, In, Socket, Accept)
	if accept.Local != w.addr || accept.Remote != socket.LocalAddr().String() || Key(&accept) != "socket.accept.a.tls" {
		t.Errorf("accepted %s, want the proxy's connection %s", list([]Event{accept}), socket.LocalAddr())
	}
	said := one(t, events, A, In, Socket, Preface)
	if string(said.Data) != proxyLine || said.Version != 1 || said.Off != 0 || said.Remote != "203.0.113.7:56324" || said.Local != "198.51.100.2:443" {
		t.Errorf("the PROXY header is told as %s", list([]Event{said}))
	}
	for _, e := range events {
		if e.Layer == Kernel && (!e.TLS || e.TCP.BytesReceived != nil && int64(*e.TCP.BytesReceived) < e.TCP.BytesRead) {
			t.Errorf("a sample without TLS's bytes: %s", list([]Event{e}))
		}
	}
	if got := s.Totals().A.In.Bytes; got != int64(len(request+up1+up2+bye)) {
		t.Errorf("%d bytes in all", got)
	}
}

func finishInto(c *tcp.Conn, done chan<- struct{}) {
	c.Finish(patience)
	close(done)
}

// net/http finds the TLS below a tap, and none where there is none.
func TestATapShowsWhetherThereIsTLS(t *testing.T) {
	conn, _ := socketPair(t)
	if _, ok := TapClient(conn).(connectionStater); ok {
		t.Error("a connection without TLS has a ConnectionState")
	}
	secure := TapClient(tls.Server(conn, &tls.Config{}))
	if _, ok := secure.(connectionStater); !ok {
		t.Error("a connection with TLS has no ConnectionState")
	}
	if tap := TapOf(WithTap(t.Context(), secure)); tap == nil || tap.raw != net.Conn(conn) {
		t.Errorf("the tap over TLS is %+v", tap)
	}
}

// What goes before connection B's bytes has no place among them.
func TestToldTarget(t *testing.T) {
	s, tap, peer := watchedPair(t)
	s.ToldTarget([]byte(proxyLine), 1)
	io.WriteString(tap, "hello")
	io.ReadFull(peer, make([]byte, 5))
	events := all(t, s)
	if e := one(t, events, B, Out, Socket, Preface); e.Off != 0 || e.Len != int64(len(proxyLine)) || string(e.Data) != proxyLine || e.Version != 1 {
		t.Errorf("told as %s", list([]Event{e}))
	}
	if e := one(t, events, B, Out, Write, WriteCall); e.Off != 0 || e.Len != 5 {
		t.Errorf("the first write is %s", list([]Event{e}))
	}
	if got := s.Totals().B.Out.Bytes; got != 5 {
		t.Errorf("%d bytes in all, want 5", got)
	}
	(*Session)(nil).ToldTarget([]byte("x"), 1)
	s.ToldTarget(nil, 1)
	one(t, all(t, s), B, Out, Socket, Preface)
}
