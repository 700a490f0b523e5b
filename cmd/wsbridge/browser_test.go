//go:build linux

package main

import (
	"context"
	"os"
	"os/exec"
	"testing"
	"time"
)

// browserPatience bounds each claim and each start of a browser, on a slow machine too.
const browserPatience = 90 * time.Second

// requirePrograms is the variable that turns a skip for want of a program into a failure.
const requirePrograms = "REQUIRE_PROGRAMS"

// engines are the browsers, as Debian packs them.
var engines = []struct {
	name, program, debianPackage string
	start                        func(t *testing.T, program string, s *pageServer) browser
}{
	{"Chromium", "chromium", "chromium", startChromium},
	{"Firefox", "firefox-esr", "firefox-esr", startFirefox},
}

// browser is an engine that runs.
type browser struct {
	printed func() string // all of it, up to now
	// show opens the page at url in a tab, which is closed when the test is over. The console is what the browser
	// itself has complained of in that tab; it can be asked for once.
	show func(v *visit, url string) (console func() []string)
}

// TestBrowser shows what pages see in the browsers that people have: each claim in each engine, with the program as
// go build makes it.
func TestBrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("starts browsers, which takes half a minute; run it without -short")
	}
	claims := []struct {
		claim string
		check func(*visit)
	}{
		{"tutorial page from disk, no target: its text comes back as one text message", tutorialEcho},
		{"tutorial page from disk, TCP target: refused, and the operator is told the flag", tutorialRefused},
		{"tutorial page from disk, allowed: its bytes come back from the TCP target", tutorialAllowed},
		{"redis: PING, then SET and GET of 1 MiB", redisAnswers},
		{"line service: greeting, echo, and quit is a clean end", lineAnswers},
		{"target refuses the connection: 1014", targetRefuses},
		{"target resets: 1014", targetResets},
		{"target sends 1 MiB and FIN: all of it, then 1000", targetEnds},
		{"page closes with 4001: its code comes back, the target gets FIN", pageCloses},
		{"SIGTERM: 1001", bridgeStops},
		{"subprotocols: binary is selected when offered", subprotocols},
		{"token as a subprotocol: admitted, and binary is selected; a wrong one is told by session id", tokenOffered},
		{"token in a cookie: the Origin decides, on paths too that any origin may use", tokenInCookie},
	}
	binary := buildProgram(t)
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			path := installed(t, e.program, e.debianPackage)
			s := servePages(t)
			b := e.start(t, path, s)
			for _, c := range claims {
				ctx, cancel := context.WithTimeout(t.Context(), browserPatience)
				t.Run(c.claim, func(t *testing.T) { c.check(newVisit(t, ctx, binary, b, s)) })
				stuck := ctx.Err() != nil
				cancel()
				if stuck {
					t.Fatalf("not checked in %v; the claims behind it are not tried", browserPatience)
				}
			}
		})
	}
}

// installed is the path of a program that the test cannot do without.
func installed(t *testing.T, program, debianPackage string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err == nil {
		return path
	}
	if os.Getenv(requirePrograms) == "1" {
		t.Fatalf("%v, and %s=1; on Debian: apt-get install %s", err, requirePrograms, debianPackage)
	}
	t.Skipf("%v; on Debian: apt-get install %s", err, debianPackage)
	return ""
}
