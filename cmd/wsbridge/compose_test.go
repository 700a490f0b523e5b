package main

import (
	"bytes"
	"crypto/rand"
	"net/url"
	"os"
	"strings"
	"testing"
)

// TestCompose is for a wsbridge in front of practice servers, as docker-compose.yml starts them; see .ci/compose.
func TestCompose(t *testing.T) {
	base := os.Getenv("WSBRIDGE_COMPOSE_URL")
	if base == "" {
		t.Skip("WSBRIDGE_COMPOSE_URL is not set; .ci/compose sets it")
	}
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	origin := "Origin: http://" + u.Host

	t.Run("echo", func(t *testing.T) {
		sent := make([]byte, 100_000)
		rand.Read(sent)
		c := open(t, u.Host, "/echo", origin)
		go c.send(binry, sent)
		if got := c.read(len(sent)); !bytes.Equal(got, sent) {
			t.Errorf("%d bytes came back changed", len(got))
		}
		c.send(closed, []byte{0x03, 0xE8})
		expectNext(t, c, `Close 1000 ""`)
	})
	t.Run("daytime", func(t *testing.T) {
		c := open(t, u.Host, "/daytime", origin)
		if line := readLine(c); !strings.Contains(line, "UTC") {
			t.Errorf("got %q, want a line with date and time", line)
		}
		expectNext(t, c, `Close 1000 "target closed"`)
	})
	t.Run("line", func(t *testing.T) {
		c := open(t, u.Host, "/line", origin)
		if greeting := readLine(c); !strings.Contains(greeting, "line service") {
			t.Errorf("got greeting %q", greeting)
		}
		c.send(text, []byte("发送数据\n"))
		if got, want := readLine(c), "发送数据\r\n"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		c.send(text, []byte("quit\n"))
		if got, want := readLine(c), "Goodbye.\r\n"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		expectNext(t, c, `Close 1000 "target closed"`)
	})
	t.Run("nothing else", func(t *testing.T) {
		if got, want := status(t, &program{addr: u.Host}, "/elsewhere", origin), "404"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}

// readLine returns what comes until a line is complete.
func readLine(c *client) string {
	c.t.Helper()
	var line []byte
	for !bytes.HasSuffix(line, []byte("\n")) {
		line = append(line, c.read(1)...)
	}
	return string(line)
}

func expectNext(t *testing.T, c *client, want string) {
	t.Helper()
	if got := c.next(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
