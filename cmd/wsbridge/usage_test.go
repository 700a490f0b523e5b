package main

import (
	"fmt"
	"strings"
	"testing"

	"wsbridge/tcp/lab"
)

// TestBadUsage runs the program with what somebody may type wrongly: exit code 2, what is wrong, and a hint.
func TestBadUsage(t *testing.T) {
	tests := []struct {
		typed string // variables and arguments, separated by spaces; ”” is an empty one
		what  string
		hint  string
	}{
		{"--foo", "unknown flag --foo", "wsbridge --help lists the flags"},
		{"--lisen :1", "unknown flag --lisen", "did you mean --listen? wsbridge --help lists the flags"},
		{"--listen", "--listen needs a value", "wsbridge --help lists the flags"},
		{"---listen", "---listen is no flag", "did you mean --listen? wsbridge --help lists the flags"},
		{"localhost:7", "unexpected argument localhost:7", "did you mean --target localhost:7?"},
		{"target localhost:7", "unexpected argument target", "did you mean --target localhost:7?"},
		{"listen", "unexpected argument listen", "did you mean --listen?"},
		{"--trace json", "unexpected argument json", "did you mean --trace=json?"},
		{"--trace=jsn", "--trace=jsn: not one of text, bytes, json", "try --trace=json"},
		{"WSBRIDGE_TRACE=on", "WSBRIDGE_TRACE=on: not one of text, bytes, json", "try WSBRIDGE_TRACE=text, WSBRIDGE_TRACE=bytes or WSBRIDGE_TRACE=json"},
		{"--trace-payload=nothing", "--trace-payload nothing: not one of all, head, none", "try --trace-payload all, --trace-payload head or --trace-payload none"},
		{"--lang fr", "--lang fr: not one of en, zh", "try --lang en or --lang zh"},
		{"explain", "explain: which file? One, or - for standard input", "try wsbridge --trace=json > trace.jsonl, and then wsbridge explain trace.jsonl"},
		{"explain a b", "explain: which file? One, or - for standard input", "try wsbridge --trace=json > trace.jsonl, and then wsbridge explain trace.jsonl"},
		{"explain a.jsonl --bytes", "explain: --bytes behind the file", "flags stand in front of the file: wsbridge explain --bytes a.jsonl"},
		{"explain --byte a", "unknown flag --byte", "did you mean --bytes? wsbridge explain --help lists the flags"},
		{"--trace explain a", "--trace is no flag of wsbridge explain", "flags of a command go behind it: wsbridge explain --help"},
		{"explian a", "unexpected argument explian", "did you mean wsbridge explain?"},
		{"lap", "unexpected argument lap", "did you mean wsbridge lab?"},
		{"heathcheck", "unexpected argument heathcheck", "did you mean wsbridge healthcheck?"},
		{"something", "unexpected argument something", "wsbridge --help lists flags and commands"},
		{"help something", "No help topic for 'something'", "wsbridge --help lists flags and commands"},

		{"--listen 9998", "--listen 9998: not host:port", "try --listen :9998"},
		{"--listen localhost", "--listen localhost: not host:port", "try --listen localhost:9998"},
		{"--listen ::1", "--listen ::1: not host:port", "try --listen [::1]:9998"},
		{"--listen *:9998", "--listen '*:9998': * is no host", "try --listen :9998"},
		{"--listen http://localhost", "--listen http://localhost: not host:port", "try --listen localhost:9998 or --listen :9998"},
		{"--listen ”” ", "--listen '': not host:port", "try --listen localhost:9998 or --listen :9998"},
		{"--listen --target", "--listen --target: not host:port", "try --listen localhost:9998 or --listen :9998"},
		{"--listen :http", "--listen :http: the port is not a number from 0 to 65535", "try --listen :9998"},
		{"--listen :65536", "--listen :65536: the port is not a number from 0 to 65535", "try --listen :9998"},
		{"--listen :9 --listen :9", "--listen :9: given twice", "try --listen :10"},
		{"WSBRIDGE_LISTEN=:9,:10,11", "WSBRIDGE_LISTEN=11: not host:port", "try WSBRIDGE_LISTEN=:11"},

		{"--target somewhere", `--target somewhere: "somewhere" is not host:port`, "try --target somewhere:7"},
		{"--target 7", `--target 7: "7" is not host:port`, "try --target localhost:7"},
		{"--target http://localhost:80", `--target http://localhost:80: unknown scheme "http" (known: tcp, tls, unix)`,
			"try --target localhost:80 or --target tls://localhost:80"},
		{"--target unix:", `--target unix:: target "unix:" names no path`,
			"try --target localhost:7, --target tls://localhost:6697 or --target unix:/run/vnc.sock"},
		{"--target lab:ecco", "--target lab:ecco: no such practice server; there are " + strings.Join(lab.Names(), ", "), "try --target lab:echo"},
		{"--target /a=lab:", "--target /a=lab:: no such practice server; there are " + strings.Join(lab.Names(), ", "), "try --target /a=lab:echo"},
		{"--target /irc", "--target /irc: a path without a target", "try --target /irc=localhost:7 or --target unix:/irc"},
		{"--target /a=nowhere", `--target /a=nowhere: "nowhere" is not host:port`, "try --target /a=nowhere:7"},
		{"--target /a?b=lab:echo", "--target '/a?b=lab:echo': the path cannot be one of a URL", "try --target /irc=lab:echo"},
		{"--target /%zz=lab:echo", "--target /%zz=lab:echo: the path cannot be one of a URL", "try --target /irc=lab:echo"},
		{"--target /lab/x=lab:echo", "--target /lab/x=lab:echo: paths below /lab/ are the practice servers'", "try --target /my/lab/x=lab:echo"},
		{"--target /lab/=lab:echo", "--target /lab/=lab:echo: paths below /lab/ are the practice servers'", "try --target /my/lab/=lab:echo"},
		{"--target /a=lab:echo --target /a=lab:line", "--target /a=lab:line: a second target for path /a", "try --target /a2=lab:line"},
		{"--target lab:echo --target lab:line", "--target lab:line: a second target for every path", "try --target /other=lab:line"},
		{"WSBRIDGE_TARGET=lab:echo,lab:line", "WSBRIDGE_TARGET=lab:line: a second target for every path", "try WSBRIDGE_TARGET=/other=lab:line"},
		{"--target lab:echo --target /=lab:line", "--target /=lab:line: a second target for every path", "try --target /other=lab:line"},

		{"--target-insecure", "--target-insecure is for tls:// targets, and there is none", "try --target tls://localhost:6697"},
		{"WSBRIDGE_TARGET_INSECURE=1", "WSBRIDGE_TARGET_INSECURE is for tls:// targets, and there is none", "try --target tls://localhost:6697"},
		{"--target-insecure=maybe", "--target-insecure=maybe: neither true nor false", "try --target-insecure=true"},
		{"WSBRIDGE_TARGET_INSECURE=ja", "WSBRIDGE_TARGET_INSECURE=ja: neither true nor false", "try WSBRIDGE_TARGET_INSECURE=true"},
		{"--target-ca /does/not/exist", "--target-ca /does/not/exist: no such file or directory", "is it there, and yours to read? ls -l /does/not/exist"},
		{"--target-ca usage_test.go", "--target-ca usage_test.go: no certificate in PEM in it", "see what it is with: openssl x509 -in usage_test.go -noout -text"},

		{"--dial-timeout 5", "--dial-timeout 5: a duration has a unit", "try --dial-timeout 5s or --dial-timeout 5ms"},
		{"--ping-interval -5s", "--ping-interval -5s: a duration cannot be negative", "try --ping-interval 5s"},
		{"WSBRIDGE_IDLE_TIMEOUT=soon", "WSBRIDGE_IDLE_TIMEOUT=soon: not a duration",
			"try WSBRIDGE_IDLE_TIMEOUT=200ms, WSBRIDGE_IDLE_TIMEOUT=30s or WSBRIDGE_IDLE_TIMEOUT=5m"},
		{"--max-message-bytes 1MB", "--max-message-bytes 1MB: not a number of bytes", "try --max-message-bytes 1048576"},
		{"--max-message-bytes -1", "--max-message-bytes -1: not a number of bytes", "try --max-message-bytes 1048576"},
		{"--messages tex", "--messages tex: not one of binary, text, mirror", "try --messages text"},
		{"WSBRIDGE_MESSAGES=utf8", "WSBRIDGE_MESSAGES=utf8: not one of binary, text, mirror",
			"try WSBRIDGE_MESSAGES=binary, WSBRIDGE_MESSAGES=text or WSBRIDGE_MESSAGES=mirror"},
		{"--dial-failure 502", "--dial-failure 502: not one of close, http", "try --dial-failure close or --dial-failure http"},
		{"--log-format yaml", "--log-format yaml: not one of text, json", "try --log-format text or --log-format json"},
		{"--log-level warning", "--log-level warning: not one of debug, info, warn, error", "try --log-level warn"},
		{"--allow-origin www.example.org", "--allow-origin www.example.org: not scheme://host[:port], null or *",
			"try --allow-origin https://www.example.org or --allow-origin null"},
		{"--allow-host bridge.example.org:80", "--allow-host bridge.example.org:80: not a host name without port", "try --allow-host bridge.example.org"},
		{"--messages a\x1b[31mb", `--messages "a\x1b[31mb": not one of binary, text, mirror`, "try --messages binary, --messages text or --messages mirror"},

		{"lab", "lab: which practice servers, and where?", "try wsbridge lab echo=:7007 line=:2323; wsbridge lab --help lists them all"},
		{"lab echo", "lab echo: not NAME=HOST:PORT", "try wsbridge lab echo=:7007; wsbridge lab --help lists the names"},
		{"lab echo=:0 ecco=:7", "lab ecco=:7: no such practice server; there are " + strings.Join(lab.Names(), ", "), "try wsbridge lab echo=:7"},
		{"lab echo=7", "lab echo=7: not host:port", "try wsbridge lab echo=:7"},
		{"lab echo=", "lab echo=: not host:port", "try wsbridge lab echo=localhost:7007 or wsbridge lab echo=:7007"},
		{"lab --target lab:echo", "unknown flag --target", "wsbridge lab --help lists the flags"},
		{"--listen :1 lab echo=:0", "--listen is no flag of wsbridge lab", "flags of a command go behind it: wsbridge lab --help"},
		{"--listen :1 healthcheck", "--listen is no flag of wsbridge healthcheck", "flags of a command go behind it: wsbridge healthcheck --help"},
		{"healthcheck localhost:7", "unexpected argument localhost:7", "try wsbridge healthcheck --tcp localhost:7"},
		{"healthcheck --tcp 7", "--tcp 7: not host:port", "try --tcp :7"},
		{"WSBRIDGE_LISTEN=9998 healthcheck", "WSBRIDGE_LISTEN=9998: not host:port", "try WSBRIDGE_LISTEN=:9998"},
	}
	for _, test := range tests {
		t.Run(test.typed, func(t *testing.T) {
			t.Parallel()
			env, args := splitTyped(test.typed)
			code, stdout, stderr := runToEnd(t, env, args...)
			want := fmt.Sprintf("wsbridge: %s\nwsbridge: hint: %s\n", test.what, test.hint)
			if code != 2 || stderr != want || stdout != "" {
				t.Errorf("exit code %d\ngot  %swant %sstdout %q", code, stderr, want, stdout)
			}
		})
	}
}

// splitTyped tells variables in front from arguments.
func splitTyped(typed string) (env, args []string) {
	for word := range strings.FieldsSeq(typed) {
		if strings.HasPrefix(word, "WSBRIDGE_") {
			env = append(env, word)
		} else {
			args = append(args, strings.ReplaceAll(word, "””", ""))
		}
	}
	return env, args
}

func TestQuote(t *testing.T) {
	for s, want := range map[string]string{
		"":          "''",
		"a-b:7/c":   "a-b:7/c",
		"*":         "'*'",
		"it's":      `'it'\''s'`,
		"聊天":        "'聊天'",
		"a\nb":      `"a\nb"`,
		"a b":       "'a b'",
		"[::1]:998": "[::1]:998",
	} {
		if got := quote(s); got != want {
			t.Errorf("quote(%q): got %s, want %s", s, got, want)
		}
	}
}

func TestClosest(t *testing.T) {
	words := []string{"listen", "target", "target-ca", "lab"}
	for word, want := range map[string]string{
		"lisen": "listen", "TARGET": "target", "targetca": "target-ca", "lap": "lab", "foo": "", "x": "", "": "",
	} {
		if got := closest(word, words); got != want {
			t.Errorf("closest to %q: got %q, want %q", word, got, want)
		}
	}
}
