package main

import (
	"fmt"
	"io"
	"net"
	"strings"

	"wsbridge/tcp/lab"
)

// banner says what to try when there is no target. asked is the address that was asked for, got is what it became.
// secure says that it speaks TLS.
func banner(w io.Writer, asked string, got net.Addr, secure bool) {
	at, s := reachableAt(asked, got), ""
	if secure {
		s = "s"
	}
	fmt.Fprintf(w, `wsbridge answers WebSocket connections on %[1]s. There is no --target, so this is for practice:

  ws%[3]s://%[1]s/echo      WebSocket echo: each message comes back as one message
  ws%[3]s://%[1]s/          TCP echo: the bytes come back, where a message ended does not
  ws%[3]s://%[1]s/lab/NAME  practice servers:
%[2]s
Try it: open http%[3]s://%[1]s/ in a browser. It shows what happens to your bytes. Or press F12 there, choose Console, and paste

  ws = new WebSocket("ws%[3]s://%[1]s/echo"); ws.onmessage = e => console.log(e.data); ws.onopen = () => ws.send("发送数据")

Your own service: wsbridge --target localhost:7    More: wsbridge --help    End: Ctrl-C
`, at, columns("", strings.Fields(strings.Join(lab.Names(), ", "))), s)
}

// reachableAt is host:port as somebody on this machine types it.
func reachableAt(asked string, got net.Addr) string {
	gotHost, port, _ := net.SplitHostPort(got.String())
	host, _, _ := net.SplitHostPort(asked)
	if ip := net.ParseIP(gotHost); host == "localhost" || ip != nil && ip.IsUnspecified() {
		return net.JoinHostPort("localhost", port)
	}
	return net.JoinHostPort(gotHost, port)
}
