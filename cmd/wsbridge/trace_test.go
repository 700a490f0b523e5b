package main

import (
	"context"
	"encoding/json"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/coder/websocket"
	"github.com/rogpeppe/go-internal/testscript"

	"wsbridge/explain"
)

// scriptWebSocket is "websocket ADDRESS PATH TEXT...": each TEXT is sent as a message and comes back, in whatever
// messages, before the next is sent. Then the client closes with 1000.
func scriptWebSocket(ts *testscript.TestScript, neg bool, args []string) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, _, err := websocket.Dial(ctx, "ws://"+args[0]+args[1], nil)
	ts.Check(err)
	for _, text := range args[2:] {
		ts.Check(conn.Write(ctx, websocket.MessageText, []byte(text)))
		got := ""
		for len(got) < len(text) {
			_, payload, err := conn.Read(ctx)
			ts.Check(err)
			got += string(payload)
		}
		if got != text {
			ts.Fatalf("%q came back as %q", text, got)
		}
	}
	ts.Check(conn.Close(websocket.StatusNormalClosure, "bye"))
}

// TestTraceIsTheStory: the events of a session that is traced as JSON are what its client did, in order, numbered
// without a gap.
func TestTraceIsTheStory(t *testing.T) {
	p := start(t, nil, "--trace=json", "--target", "lab:echo")
	c := open(t, p.addr, "/", "Cookie: id=secret")
	c.send(text, []byte("发送数据"))
	c.read(12)
	c.send(closed, []byte("\x0f\xa1bye"))
	c.next()
	c.conn.Close()
	p.stdout.await(t, `"layer":"pair","kind":"end"`)
	var kinds []string
	seq := int64(0)
	for line := range strings.Lines(p.stdout.String()) {
		var e explain.Event
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if seq++; e.Seq != seq || e.Session != "1" || e.Say != explain.Key(&e) {
			t.Errorf("seq %d, session %q, say %q; want %d, 1, %s: %s", e.Seq, e.Session, e.Say, seq, explain.Key(&e), line)
		}
		switch e.Layer {
		case explain.Frame, explain.Message, explain.HTTPText:
			kinds = append(kinds, string(e.Layer)+" "+string(e.Kind)+" "+string(e.Dir))
		}
		if strings.Contains(string(e.Data), "secret") {
			t.Errorf("the cookie is in the trace: %s", line)
		}
	}
	want := "http request in, http response out, frame text in, message text in, frame binary out, message binary out, frame close in, frame close out"
	if got := strings.Join(kinds, ", "); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestTraceOnAFullDisk: the trace ends and says so once, sessions go on.
func TestTraceOnAFullDisk(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip(err)
	}
	p := launch(t, nil, "sh", "-c", "exec wsbridge --listen 127.0.0.1:0 --target lab:echo --trace >/dev/full")
	p.addr = p.stderr.await(t, listening.String())[1]
	for range 3 {
		if got, want := firstAnswer(t, p, "/"), `binary "?"`; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	p.signal(syscall.SIGTERM)
	if code := p.exit(patience); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
	if got := strings.Count(p.stderr.String(), `--trace ends: standard output cannot be written to`); got != 1 {
		t.Errorf("said %d times that the trace ends, want once:\n%s", got, p.stderr.String())
	}
}

func TestTraceWithoutTheRest(t *testing.T) {
	p := start(t, nil, "--explain=false", "--trace", "--target", serveTarget(t, greets("hello")))
	if got, want := firstAnswer(t, p, "/"), `binary "hello"`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	p.stdout.await(t, `read\(\) → 5 bytes  B\[0…5\)  "hello"`)
	if got := get(t, p, "/page/main.js"); got == 200 {
		t.Error("the page is there")
	}
}

func TestLocalLang(t *testing.T) {
	for _, test := range []struct {
		all, messages, lang string
		want                explain.Lang
	}{
		{"", "", "", "en"}, {"", "", "zh_CN.UTF-8", "zh"}, {"", "", "de_DE.UTF-8", "en"}, {"", "zh_TW", "en_US", "zh"},
		{"C", "zh_CN", "zh_CN", "en"}, {"zh", "C", "C", "zh"},
	} {
		env := map[string]string{"LC_ALL": test.all, "LC_MESSAGES": test.messages, "LANG": test.lang}
		if got := localLang(func(name string) string { return env[name] }); got != test.want {
			t.Errorf("%v: got %s, want %s", env, got, test.want)
		}
	}
}
