package main

import (
	"strings"
	"testing"
)

func TestAmounts(t *testing.T) {
	for descriptors, want := range map[int]amounts{
		0:       {}, // unknown: no limit
		48:      {12, 64},
		200:     {50, 64},
		256:     {64, 64},
		1024:    {352, 256},
		65536:   {30688, 4096},
		1048576: {522208, 4096},
	} {
		got := amountsFor(descriptors, 2)
		if got != want {
			t.Errorf("%d descriptors: got %+v, want %+v", descriptors, got, want)
		}
		if needed := 2*got.pairs + got.requests + ownDescriptors; descriptors > 250 && needed > descriptors {
			t.Errorf("%d descriptors: %d are needed", descriptors, needed)
		}
	}
}

// TestDefaultLimit: without --max-conns the descriptors of the process are the limit, and nobody is told 1014 or loses
// a session because of them.
func TestDefaultLimit(t *testing.T) {
	t.Parallel()
	target := serveTarget(t, greets("hello"))
	for _, run := range []struct {
		args  string
		most  int
		warns bool
	}{{"", 33, false}, {" --explain=false", 50, false}, {" --max-conns 34", 34, true}, {" --max-conns 3", 3, false}} {
		p := launch(t, nil, "sh", "-c", "ulimit -n 200 && exec wsbridge --listen 127.0.0.1:0 --target "+target+run.args)
		p.stderr.await(t, `route"?,? ?"?path`)
		p.addr = listening.FindStringSubmatch(p.stderr.String())[1]
		for i := range run.most {
			if got, want := open(t, p.addr, "/").next(), `binary "hello"`; got != want {
				t.Fatalf("connection %d: got %s, want %s", i+1, got, want)
			}
		}
		if got := status(t, p, "/"); got != "503" {
			t.Errorf("one more than %d: got %s, want 503", run.most, got)
		}
		if got := strings.Contains(p.stderr.String(), "more connections than there are descriptors for"); got != run.warns {
			t.Errorf("%s: warned: %t, want %t", run.args, got, run.warns)
		}
	}
}

// TestOpenBridgeWarns once, and only where somebody else can reach targets without proof.
func TestOpenBridgeWarns(t *testing.T) {
	t.Parallel()
	tokens, users := newFile(t, "tokens", goodToken), newFile(t, "users", "ali:$2y$05$c4WoMPo3SXsafkva.HHa6uXQZWr7oboPiC2bT/r7q1BB8I2s0BRqC\n")
	cert := newCertificate(t)
	for _, row := range []struct {
		claim, args string
		warns       bool
	}{
		{"every address", "--listen 0.0.0.0:0 --target lab:echo", true},
		{"every address, in short", "--listen :0", true},
		{"this machine", "--listen 127.0.0.1:0", false},
		{"this machine, by IPv6 or by name", "--listen localhost:0", false},
		{"with tokens", "--listen :0 --auth-token-file " + tokens, false},
		{"with passwords", "--listen :0 --auth-basic-file " + users, false},
		{"with certificates", "--listen :0 --tls-cert " + cert.certFile + " --tls-key " + cert.keyFile + " --tls-client-ca " + cert.certFile, false},
		{"a route with tokens, and the others without", "--listen :0 --target /a=lab:echo --config " +
			newFile(t, "a.yaml", "routes: [{path: /b, target: lab:echo, auth-token: good-token-0123456789}]"), true},
		{"all routes with tokens", "--listen :0 --config " + newFile(t, "b.yaml", "routes: [{path: /b, target: lab:echo, auth-token: good-token-0123456789}]"), false},
		{"a route that is public by its own word", "--listen :0 --config " +
			newFile(t, "c.yaml", "auth-token: good-token-0123456789\nroutes: [{path: /b, target: lab:echo, public: true}]"), false},
	} {
		t.Run(row.claim, func(t *testing.T) {
			t.Parallel()
			log := start(t, nil, strings.Fields(row.args)...).stderr.String()
			if n := strings.Count(log, "nobody has to prove who he is"); n > 1 || (n == 1) != row.warns {
				t.Errorf("got %d warnings, want one: %t\n%s", n, row.warns, log)
			}
			if row.warns && !strings.Contains(log, `hint="--auth-token-file`) {
				t.Errorf("no hint in %s", log)
			}
		})
	}
}

// TestTypedSecretWarns, because other users see the command line.
func TestTypedSecretWarns(t *testing.T) {
	t.Parallel()
	typed := start(t, nil, "--auth-token", goodToken).stderr.String()
	if !strings.Contains(typed, "other users of this machine can see --auth-token") || strings.Contains(typed, goodToken) {
		t.Errorf("got %s", typed)
	}
	if log := start(t, []string{"WSBRIDGE_AUTH_TOKEN=" + goodToken}).stderr.String(); strings.Contains(log, "WARN") {
		t.Errorf("a variable warns: %s", log)
	}
}
