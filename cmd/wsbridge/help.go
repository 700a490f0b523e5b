package main

import (
	"fmt"
	"strings"

	"wsbridge/tcp/lab"
)

const (
	helpWidth  = 100 // columns
	helpIndent = 30  // where what a flag does begins
)

// helpText is wsbridge --help.
func helpText(settings []*setting) string {
	var b strings.Builder
	b.WriteString(`wsbridge: any TCP service, reachable from a browser

It pairs each WebSocket connection with one TCP connection and relays the bytes both ways.

Examples:
  wsbridge                                       practice, on localhost:9998; it says what to try
  wsbridge --listen :9998 --target localhost:7   every WebSocket path reaches port 7 of this machine
  wsbridge --target /irc=localhost:6667 --target /vnc=unix:/run/vnc.sock
                                                 ws://localhost:9998/irc and /vnc; other paths: 404
  wsbridge --target tls://db.example:6380 --allow-origin https://www.example.org
                                                 TLS to the target; pages of that site may connect
  wsbridge --config /etc/wsbridge.yaml           flags and routes in a file

Commands:
  wsbridge lab NAME=HOST:PORT...                 practice servers for telnet, nc and --target
  wsbridge check FILE                            is this file for --config right? What would run?
  wsbridge explain FILE                          tells what a file of --trace=json has, as text
  wsbridge healthcheck                           does a wsbridge answer here? Exit code 0 or 1
  wsbridge COMMAND --help                        more about one of them
  wsbridge --version

` + paragraph(`Paths: beside any target, /lab/NAME is a practice server (`+strings.Join(lab.Names(), ", ")+`)
and /lab/ws-echo a WebSocket echo. Without --target, /echo is a WebSocket echo too, and every other
path the practice server echo. Any page may use /echo, /lab/echo and /lab/ws-echo. GET /healthz
answers ok.`) + `
Every flag has an environment variable and a key in the file of --config: --dial-timeout 5s is
WSBRIDGE_DIAL_TIMEOUT=5s, and dial-timeout: 5s in the file. Where a flag may repeat (marked +), the
variable has a list: WSBRIDGE_TARGET=/a=localhost:7,/b=localhost:13. --target-insecure is
WSBRIDGE_TARGET_INSECURE=true. A flag that is typed replaces its variable, and that the file's key.
`)
	group := ""
	for _, s := range settings {
		if s.group != group {
			group = s.group
			fmt.Fprintf(&b, "\n%s:\n", group)
		}
		b.WriteString(flagHelp(s))
	}
	b.WriteString(`
Signals: SIGTERM and SIGINT (Ctrl-C) end it cleanly, a second one at once. SIGHUP reads the
configuration, and every file that it names, again; sessions keep what they began with.
Exit codes: 0 clean end, 1 something at run time (a port in use), 2 something typed wrongly.
`)
	return b.String()
}

// flagHelp is a flag, its values, what it does and its standard value, in as many lines as that takes.
func flagHelp(s *setting) string {
	head := "  --" + s.name
	switch {
	case s.optional:
		head += "[=" + s.value + "]"
	case s.value != "":
		head += " " + s.value
	}
	if s.list {
		head += " +"
	}
	words := strings.Fields(s.help)
	if s.standard != "" {
		words = append(words, "(default: "+s.standard+")")
	}
	return columns(head, words)
}

// paragraph breaks text into lines of at most helpWidth columns.
func paragraph(text string) string {
	var b strings.Builder
	line := ""
	for _, word := range strings.Fields(text) {
		switch {
		case line == "":
			line = word
		case len(line)+1+len(word) > helpWidth:
			b.WriteString(line + "\n")
			line = word
		default:
			line += " " + word
		}
	}
	return b.String() + line + "\n"
}

// columns puts words beside head, or below it where head is too long.
func columns(head string, words []string) string {
	indent := strings.Repeat(" ", helpIndent)
	line, lines := head+indent[min(len(head), helpIndent):], ""
	if len(head) >= helpIndent-1 {
		line, lines = indent, head+"\n"
	}
	for _, word := range words {
		if len(line)+1+len(word) > helpWidth {
			lines += line + "\n"
			line = indent
		}
		if len(line) > helpIndent {
			line += " "
		}
		line += word
	}
	return lines + line + "\n"
}

func labHelp() string {
	var b strings.Builder
	b.WriteString(`wsbridge lab NAME=HOST:PORT...

Serves practice servers on TCP ports of this machine, until Ctrl-C. They know nothing of WebSocket.

Examples:
  wsbridge lab echo=:7007 line=:2323      then: telnet localhost 2323
  wsbridge lab echo=:7 discard=:9 daytime=:13 chargen=:19 line=:23
                                          the ports of old; below 1024 they need root

Names:
`)
	for _, name := range lab.Names() {
		fmt.Fprintf(&b, "  %-11s %s\n", name, lab.Describe(name))
	}
	b.WriteString(`
HOST:PORT is like --listen's: :7007 is every address of this machine, localhost:7007 only this one.
A bridge has the same servers built in: wsbridge --target lab:line, or the path /lab/line.
`)
	return b.String()
}

func healthHelp(settings []*setting) string {
	help := `wsbridge healthcheck [--listen HOST:PORT | --tcp HOST:PORT]

Asks a wsbridge on this machine for /healthz. Exit code 0: it answers; 1: not within 3 seconds.
WSBRIDGE_LISTEN is read like --listen, so that in a container it needs no flag.

Examples:
  wsbridge healthcheck
  wsbridge healthcheck --listen :9999
  wsbridge healthcheck --tcp localhost:7     can that port be connected to?

Flags:
`
	for _, s := range settings {
		help += flagHelp(s)
	}
	return help
}
