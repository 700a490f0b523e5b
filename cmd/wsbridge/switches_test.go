package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"
)

// trial shows that one switch is read. see looks at the program from outside and says what it sees: want with the
// switch, without when it is missing ("": not looked at, for it would take as long as the standard value).
type trial struct {
	values  []string // of the switch
	also    []string // other arguments
	see     func(*testing.T, *program) string
	want    string
	without string
}

// trials has every switch. A flag that is missing here fails TestEverySwitchHasATrial.
var trials = map[string]func(*testing.T) trial{
	"listen": func(*testing.T) trial {
		return trial{values: []string{"127.0.0.1:0", "127.0.0.1:0"}, see: healthyAddresses, want: "2 of 2", without: "1 of 1"}
	},
	"target": func(t *testing.T) trial {
		return trial{
			values: []string{"/a=" + serveTarget(t, greets("A")), "/b=tcp://" + serveTarget(t, greets("B"))},
			see:    func(t *testing.T, p *program) string { return firstAnswer(t, p, "/a") + ", " + firstAnswer(t, p, "/b") },
			want:   `binary "A", binary "B"`, without: `binary "?", binary "?"`,
		}
	},
	"target-ca": func(t *testing.T) trial {
		addr, caFile := serveTLS(t, greets("T"))
		return trial{values: []string{caFile}, also: []string{"--target", "tls://" + addr},
			see: firstAnswerAt("/"), want: `binary "T"`, without: `Close 1014 "target failed the TLS handshake"`}
	},
	"target-insecure": func(t *testing.T) trial {
		addr, _ := serveTLS(t, greets("T"))
		return trial{values: []string{"true"}, also: []string{"--target", "tls://" + addr},
			see: firstAnswerAt("/"), want: `binary "T"`, without: `Close 1014 "target failed the TLS handshake"`}
	},
	"allow-origin": func(*testing.T) trial {
		return trial{values: []string{"null", "https://a.example"}, see: func(t *testing.T, p *program) string {
			return status(t, p, "/", "Origin: null") + " " + status(t, p, "/", "Origin: https://a.example")
		}, want: "101 101", without: "403 403"}
	},
	"allow-host": func(*testing.T) trial {
		return trial{values: []string{"a.example", "b.example"}, see: func(t *testing.T, p *program) string {
			return status(t, p, "/", "Host: a.example") + " " + status(t, p, "/", "Host: b.example:80")
		}, want: "101 101", without: "403 403"}
	},
	"dial-timeout": func(t *testing.T) trial {
		return trial{values: []string{"150ms"}, also: []string{"--target", "tls://" + serveTarget(t, silent)},
			see: within(4*time.Second, firstAnswerAt("/")), want: `Close 1014 "target timed out"`}
	},
	"dial-failure": func(t *testing.T) trial {
		return trial{values: []string{"http"}, also: []string{"--target", closedPort(t)},
			see: func(t *testing.T, p *program) string { return status(t, p, "/") }, want: "502", without: "101"}
	},
	"messages": func(*testing.T) trial {
		return trial{values: []string{"text"}, see: firstAnswerAt("/"), want: `text "?"`, without: `binary "?"`}
	},
	"max-message-bytes": func(*testing.T) trial {
		return trial{values: []string{"4"}, see: func(t *testing.T, p *program) string {
			c := open(t, p.addr, "/")
			c.send(text, []byte("hello"))
			return c.next()
		}, want: `Close 1009 "message over the limit"`, without: `binary "hello"`}
	},
	"handshake-timeout": func(*testing.T) trial {
		return trial{values: []string{"200ms"}, see: within(5*time.Second, func(t *testing.T, p *program) string {
			return typeSlowly(connect(t, p.addr), "GET / HTTP/1.1\r\nHost: "+strings.Repeat("x", 1000))
		}), want: "end of TCP"}
	},
	"write-timeout": func(t *testing.T) trial {
		return trial{values: []string{"300ms"}, also: []string{"--target", serveTarget(t, silent)},
			see: func(t *testing.T, p *program) string { return open(t, p.addr, "/").flood(10 * time.Second) }, want: "end of TCP"}
	},
	"ping-interval": func(*testing.T) trial {
		return trial{values: []string{"50ms"}, see: func(t *testing.T, p *program) string {
			opcode, _, err := open(t, p.addr, "/").frame()
			return fmt.Sprint(opcode, err)
		}, want: fmt.Sprint(ping, nil)}
	},
	"ping-timeout": func(*testing.T) trial {
		return trial{values: []string{"100ms"}, also: []string{"--ping-interval", "100ms"},
			see: func(t *testing.T, p *program) string { return open(t, p.addr, "/").next() }, want: "end of TCP"}
	},
	"idle-timeout": func(*testing.T) trial {
		return trial{values: []string{"200ms"},
			see: func(t *testing.T, p *program) string { return open(t, p.addr, "/").next() }, want: `Close 1001 "idle limit"`}
	},
	"max-session": func(*testing.T) trial {
		return trial{values: []string{"200ms"},
			see: func(t *testing.T, p *program) string { return open(t, p.addr, "/").next() }, want: `Close 1001 "session limit"`}
	},
	"drain-timeout": func(t *testing.T) trial {
		ended := make(chan error, 1) // for the one connection
		target := serveTarget(t, func(conn net.Conn) {
			conn.(*net.TCPConn).CloseWrite()
			_, err := io.Copy(io.Discard, conn)
			ended <- err
		})
		return trial{values: []string{"200ms"}, also: []string{"--target", target}, see: func(t *testing.T, p *program) string {
			got := open(t, p.addr, "/").next() // and does not answer the Close frame
			select {
			case err := <-ended:
				return fmt.Sprintf("%s, then the target's FIN (%v)", got, err)
			case <-time.After(10 * time.Second):
				return got
			}
		}, want: `Close 1000 "target closed", then the target's FIN (<nil>)`}
	},
	"shutdown-timeout": func(*testing.T) trial {
		return trial{values: []string{"300ms"}, see: within(2*time.Second, func(t *testing.T, p *program) string {
			open(t, p.addr, "/") // does not answer the Close frame
			p.signal(syscall.SIGTERM)
			return fmt.Sprint("exit ", p.exit(patience))
		}), want: "exit 0"}
	},
	"explain": func(t *testing.T) trial {
		return trial{values: []string{"false"}, also: []string{"--target", serveTarget(t, silent)}, see: func(t *testing.T, p *program) string {
			seen := ""
			for _, path := range []string{"/", "/page/main.js", "/api/bridge"} {
				seen += fmt.Sprint(get(t, p, path), " ")
			}
			return seen + status(t, p, "/lab/echo") + " " + status(t, p, "/lab/ws-echo")
		}, want: "404 404 404 404 404", without: "200 200 200 101 101"}
	},
	"trace": func(*testing.T) trial {
		return trial{values: []string{"json"}, see: func(t *testing.T, p *program) string {
			firstAnswer(t, p, "/")
			p.signal(syscall.SIGTERM)
			p.exit(patience)
			return fmt.Sprint(strings.Contains(p.stdout.String(), `"layer":"frame","kind":"text"`))
		}, want: "true", without: "false"}
	},
	"trace-payload": func(*testing.T) trial {
		return trial{values: []string{"none"}, also: []string{"--trace"}, see: func(t *testing.T, p *program) string {
			firstAnswer(t, p, "/")
			return fmt.Sprint(strings.Contains(p.stdout.await(t, `binary, 1 byte.*\n`)[0], `"?"`))
		}, want: "false", without: "true"}
	},
	"lang": func(*testing.T) trial {
		return trial{values: []string{"zh"}, also: []string{"--trace"}, see: func(t *testing.T, p *program) string {
			firstAnswer(t, p, "/")
			return p.stdout.await(t, `── (\S+) 1 ──`)[1]
		}, want: "会话", without: "session"}
	},
	"log-format": func(*testing.T) trial {
		return trial{values: []string{"json"}, see: func(_ *testing.T, p *program) string {
			for line := range strings.Lines(p.stderr.String()) {
				if !json.Valid([]byte(line)) {
					return "not JSON"
				}
			}
			return "JSON"
		}, want: "JSON", without: "not JSON"}
	},
	"log-level": func(*testing.T) trial {
		return trial{values: []string{"debug"}, see: func(t *testing.T, p *program) string {
			p.signal(syscall.SIGHUP)
			return p.stderr.await(t, "level=DEBUG.*SIGHUP.*")[0]
		}, want: `level=DEBUG msg="SIGHUP: reading the configuration again"`}
	},
}

func init() {
	for name, make := range accessTrials {
		trials[name] = make
	}
}

// TestEverySwitch runs each trial with the flag, with the environment variable, with the key in the configuration file,
// and with neither.
func TestEverySwitch(t *testing.T) {
	for name, make := range trials {
		s := findSetting(newConfig().settings, name)
		t.Run(name+"/flag", func(t *testing.T) {
			t.Parallel()
			trial := make(t)
			args := trial.also
			for _, value := range trial.values {
				args = append(args, "--"+name+"="+value)
			}
			trial.expect(t, start(t, nil, args...), trial.want)
		})
		t.Run(name+"/variable", func(t *testing.T) {
			t.Parallel()
			trial := make(t)
			trial.expect(t, start(t, []string{s.variable() + "=" + strings.Join(trial.values, ",")}, trial.also...), trial.want)
		})
		t.Run(name+"/file", func(t *testing.T) {
			t.Parallel()
			if name == "config" {
				return // there is no file in the file
			}
			trial := make(t)
			values, err := json.Marshal(trial.values) // which is YAML too
			if err != nil {
				t.Fatal(err)
			}
			if !s.list {
				values = values[1 : len(values)-1]
			}
			trial.expect(t, start(t, nil, append(trial.also, "--config", newFile(t, "wsbridge.yaml", name+": "+string(values)+"\n"))...), trial.want)
		})
		t.Run(name+"/neither", func(t *testing.T) {
			t.Parallel()
			trial := make(t)
			if trial.without != "" {
				trial.expect(t, start(t, nil, trial.also...), trial.without)
			}
		})
	}
}

func (tr trial) expect(t *testing.T, p *program, want string) {
	t.Helper()
	if got := tr.see(t, p); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestEverySwitchHasATrial(t *testing.T) {
	for _, s := range newConfig().settings {
		if trials[s.name] == nil {
			t.Errorf("--%s has no trial", s.name)
		}
	}
}

func TestFlagComesBeforeVariable(t *testing.T) {
	p := start(t, []string{"WSBRIDGE_MESSAGES=text", "WSBRIDGE_TARGET=/a=" + closedPort(t), "WSBRIDGE_DIAL_FAILURE="},
		"--messages", "binary", "--target", "/b=lab:echo")
	if got, want := firstAnswer(t, p, "/b"), `binary "?"`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := status(t, p, "/a"), "404"; got != want {
		t.Errorf("/a of the variable: got %s, want %s", got, want)
	}
}

// firstAnswer is the first frame that answers "?".
func firstAnswer(t *testing.T, p *program, path string) string {
	t.Helper()
	c := open(t, p.addr, path)
	c.send(text, []byte("?"))
	return c.next()
}

func firstAnswerAt(path string) func(*testing.T, *program) string {
	return func(t *testing.T, p *program) string { return firstAnswer(t, p, path) }
}

// status is the HTTP status that answers an opening handshake.
func status(t *testing.T, p *program, path string, headers ...string) string {
	t.Helper()
	_, response := handshake(t, p.addr, path, headers...)
	return fmt.Sprint(response.StatusCode)
}

// get is the HTTP status of a plain GET.
func get(t *testing.T, p *program, path string) int {
	t.Helper()
	response, err := http.Get("http://" + p.addr + path)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	http.DefaultClient.CloseIdleConnections()
	return response.StatusCode
}

func healthyAddresses(t *testing.T, p *program) string {
	healthy := 0
	for _, addr := range p.addrs {
		response, err := http.Get("http://" + addr + "/healthz")
		if err != nil {
			t.Error(err)
			continue
		}
		response.Body.Close()
		healthy++
	}
	http.DefaultClient.CloseIdleConnections()
	return fmt.Sprintf("%d of %d", healthy, len(p.addrs))
}

// within says "late" when see took longer than limit.
func within(limit time.Duration, see func(*testing.T, *program) string) func(*testing.T, *program) string {
	return func(t *testing.T, p *program) string {
		begin := time.Now()
		seen := see(t, p)
		if took := time.Since(begin); took > limit {
			return fmt.Sprintf("%s, but late: after %v", seen, took)
		}
		return seen
	}
}
