package main

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"golang.org/x/crypto/bcrypt"
)

const (
	goodToken = "good-token-0123456789"
	jwtSecret = "a secret of at least thirty-two bytes"
)

// signed is a JWT of jwtSecret.
func signed(t *testing.T, claims map[string]any) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: []byte(jwtSecret)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	text, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// statuses is what each of several requests gets; a request is a path and headers, separated by bars.
func statuses(requests ...string) func(*testing.T, *program) string {
	return func(t *testing.T, p *program) string {
		var got []string
		for _, request := range requests {
			parts := strings.Split(strings.ReplaceAll(request, "ADDR", p.addr), "|")
			got = append(got, status(t, p, parts[0], parts[1:]...))
		}
		return strings.Join(got, " ")
	}
}

// accessTrials are trials of who may connect, and of how much.
var accessTrials = map[string]func(*testing.T) trial{
	"config": func(t *testing.T) trial {
		return trial{values: []string{newFile(t, "wsbridge.yaml", "routes: [{path: /a, target: lab:line}]\n")}, see: statuses("/a", "/b"),
			want: "101 404", without: "101 101"}
	},
	"tokens": func(t *testing.T) trial {
		return trial{values: []string{newFile(t, "tokens", "one: "+serveTarget(t, greets("1"))+"\ntwo: "+serveTarget(t, greets("2"))+"\n")},
			see: func(t *testing.T, p *program) string {
				if none := status(t, p, "/?token=three"); none != "403" {
					return "an unknown token: " + none
				}
				return firstAnswer(t, p, "/?token=one") + " " + firstAnswer(t, p, "/?token=two")
			}, want: `binary "1" binary "2"`, without: `an unknown token: 101`}
	},
	"target-cert": func(t *testing.T) trial { return clientCertificateTrial(t, "target-cert") },
	"target-key":  func(t *testing.T) trial { return clientCertificateTrial(t, "target-key") },
	"send-proxy": func(t *testing.T) trial {
		told := make(chan string, 1) // by the one connection
		target := serveTarget(t, func(conn net.Conn) {
			line := make([]byte, 64)
			n, _ := conn.Read(line)
			told <- string(line[:n])
		})
		return trial{values: []string{"v1"}, also: []string{"--target", target}, see: func(t *testing.T, p *program) string {
			c := open(t, p.addr, "/")
			c.send(text, []byte("?"))
			_, port, _ := net.SplitHostPort(c.conn.LocalAddr().String())
			_, own, _ := net.SplitHostPort(p.addr)
			first, _, _ := strings.Cut(<-told, "\n")
			return strings.NewReplacer(port, "CLIENT", own, "BRIDGE").Replace(first)
		}, want: "PROXY TCP4 127.0.0.1 127.0.0.1 CLIENT BRIDGE\r", without: "?"}
	},
	"require-origin": func(*testing.T) trial {
		return trial{values: []string{"true"}, see: statuses("/", "/|Origin: http://ADDR"), want: "403 101", without: "101 101"}
	},
	"trusted-proxy": func(*testing.T) trial {
		return trial{values: []string{"127.0.0.1", "10.0.0.0/8"}, see: func(t *testing.T, p *program) string {
			open(t, p.addr, "/", "X-Forwarded-For: 192.0.2.66, 198.51.100.1, 10.2.3.4")
			return p.stderr.await(t, `"?pair begin"? pair=1 client=([0-9.]+)`)[1]
		}, want: "198.51.100.1", without: "127.0.0.1"}
	},
	"proxy-protocol": func(*testing.T) trial {
		return trial{values: []string{"true"}, also: []string{"--trusted-proxy", "127.0.0.1"}, see: func(t *testing.T, p *program) string {
			conn := connect(t, p.addr)
			io.WriteString(conn, "PROXY TCP4 198.51.100.1 192.0.2.1 4711 443\r\n")
			_, response := handshakeOn(t, conn, p.addr, "/")
			if response.StatusCode != http.StatusSwitchingProtocols {
				return response.Status
			}
			return p.stderr.await(t, `"?pair begin"? pair=1 client=(\S+)`)[1]
		}, want: "198.51.100.1:4711", without: "400 Bad Request"}
	},

	"auth-token-file": func(t *testing.T) trial {
		return trial{values: []string{newFile(t, "tokens", "# mine\n"+goodToken+"\n\nanother-token-0123456789\n")},
			see:  statuses("/", "/|Authorization: Bearer "+goodToken, "/|Sec-WebSocket-Protocol: binary, bearer.another-token-0123456789"),
			want: "401 101 101", without: "101 101 101"}
	},
	"auth-token": func(*testing.T) trial {
		return trial{values: []string{goodToken, "another-token-0123456789"},
			see:  statuses("/", "/|Authorization: Bearer "+goodToken, "/|Authorization: Bearer another-token-0123456789"),
			want: "401 101 101", without: "101 101 101"}
	},
	"auth-basic-file": func(t *testing.T) trial {
		hash, _ := bcrypt.GenerateFromPassword([]byte("open sesame"), bcrypt.MinCost)
		return trial{values: []string{newFile(t, "htpasswd", "ali:"+string(hash)+"\n")},
			see: statuses("/", "/|Authorization: Basic YWxpOm9wZW4gc2VzYW1l", "/|Authorization: Basic YWxpOnNlc2FtZQ=="), want: "401 101 401", without: "101 101 101"}
	},
	"auth-jwt-key-file": func(t *testing.T) trial {
		return trial{values: []string{newFile(t, "key", jwtSecret+"\n")},
			see:  statuses("/", "/|Authorization: Bearer "+signed(t, map[string]any{"exp": time.Now().Add(time.Hour).Unix()})),
			want: "401 101", without: "101 101"}
	},
	"auth-jwt-key": func(t *testing.T) trial {
		return trial{values: []string{jwtSecret}, see: statuses("/", "/|Authorization: Bearer "+signed(t, nil)), want: "401 101", without: "101 101"}
	},
	"auth-jwt-audience": func(t *testing.T) trial {
		return trial{values: []string{"wsbridge"}, also: []string{"--auth-jwt-key-file", newFile(t, "key", jwtSecret)},
			see:  statuses("/|Authorization: Bearer "+signed(t, map[string]any{"aud": "wsbridge"}), "/|Authorization: Bearer "+signed(t, map[string]any{"aud": "mail"})),
			want: "101 401", without: "101 101"}
	},
	"auth-cookie": func(t *testing.T) trial {
		return trial{values: []string{"session"}, also: []string{"--auth-token-file", newFile(t, "tokens", goodToken)},
			see: statuses("/|Cookie: session="+goodToken+"|Origin: http://ADDR", "/|Cookie: session="+goodToken), want: "101 403", without: "401 401"}
	},
	"auth-query": func(t *testing.T) trial {
		return trial{values: []string{"true"}, also: []string{"--auth-token-file", newFile(t, "tokens", goodToken)},
			see: statuses("/?access_token=" + goodToken), want: "101", without: "401"}
	},

	"tls-cert":      func(t *testing.T) trial { return listenerTrial(t, "tls-cert") },
	"tls-key":       func(t *testing.T) trial { return listenerTrial(t, "tls-key") },
	"tls-client-ca": func(t *testing.T) trial { return listenerTrial(t, "tls-client-ca") },

	"max-conns": func(*testing.T) trial {
		return trial{values: []string{"1"}, see: statuses("/", "/"), want: "101 503", without: "101 101"}
	},
	"max-conns-per-ip": func(*testing.T) trial {
		return trial{values: []string{"1"}, see: statuses("/", "/"), want: "101 429", without: "101 101"}
	},
	"handshake-rate": func(*testing.T) trial {
		return trial{values: []string{"2/m"}, see: statuses("/", "/", "/"), want: "101 101 429", without: "101 101 101"}
	},
	"bandwidth": func(*testing.T) trial {
		return trial{values: []string{"64KiB/s"}, see: func(t *testing.T, p *program) string {
			c, begin := open(t, p.addr, "/lab/echo"), time.Now()
			c.send(binry, make([]byte, 96<<10))
			for left := 96 << 10; left > 0; {
				_, payload, err := c.frame()
				if err != nil {
					return err.Error()
				}
				left -= len(payload)
			}
			if time.Since(begin) < time.Second {
				return "at once"
			}
			return "at its pace"
		}, want: "at its pace"}
	},
}

// clientCertificateTrial has a target that asks for a certificate.
func clientCertificateTrial(t *testing.T, which string) trial {
	own, mine := newCertificate(t), newCertificate(t)
	addr := serveTLSWith(t, greets("T"), &tls.Config{Certificates: []tls.Certificate{own.pair}, ClientAuth: tls.RequireAndVerifyClientCert,
		ClientCAs: mine.pool, MaxVersion: tls.VersionTLS12}) // in 1.2 the handshake itself fails without one
	files := map[string]string{"target-cert": mine.certFile, "target-key": mine.keyFile}
	tr := trial{values: []string{files[which]}, also: []string{"--target", "tls://" + addr, "--target-ca", own.certFile}, see: firstAnswerAt("/"), want: `binary "T"`}
	for name, file := range files {
		if name != which {
			tr.also = append(tr.also, "--"+name, file)
		}
	}
	return tr
}

// listenerTrial has a bridge that speaks TLS.
func listenerTrial(t *testing.T, which string) trial {
	server, mine := newCertificate(t), newCertificate(t)
	files := map[string]string{"tls-cert": server.certFile, "tls-key": server.keyFile}
	want := "with a certificate: 101, without: 101"
	if which == "tls-client-ca" {
		files[which], want = mine.certFile, "with a certificate: 101, without: none"
	}
	tr := trial{values: []string{files[which]}, want: want, see: func(t *testing.T, p *program) string {
		return fmt.Sprintf("with a certificate: %s, without: %s", secureStatus(t, p, server, mine), secureStatus(t, p, server))
	}}
	for name, file := range files {
		if name != which {
			tr.also = append(tr.also, "--"+name, file)
		}
	}
	if which == "tls-client-ca" {
		tr.without = "with a certificate: 101, without: 101"
	}
	return tr
}

// secureStatus is the HTTP status of a handshake over TLS, shown those certificates; "none": there was no answer.
func secureStatus(t *testing.T, p *program, server *certificate, show ...*certificate) string {
	t.Helper()
	config := &tls.Config{RootCAs: server.pool}
	for _, c := range show {
		config.Certificates = append(config.Certificates, c.pair)
	}
	conn, err := tls.Dial("tcp", p.addr, config)
	if err != nil {
		return "none"
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	request, _ := http.NewRequest("GET", "https://"+p.addr+"/", nil)
	for name, value := range map[string]string{"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
		"Sec-WebSocket-Key": "MDEyMzQ1Njc4OWFiY2RlZg==", "Origin": "https://" + p.addr} {
		request.Header.Set(name, value)
	}
	request.Write(conn)
	status := make([]byte, len("HTTP/1.1 101"))
	if _, err := io.ReadFull(conn, status); err != nil {
		return "none"
	}
	return string(status[len("HTTP/1.1 "):])
}
