//go:build linux

package main

import (
	"net"
	"os/exec"
	"syscall"
	"testing"
)

// proxy is a program that people put in front of wsbridge, with its file in configs/.
type proxy struct {
	name, program, debianPackage string
	file                         string
	// edits are what a test changes in the file: addresses and certificates.
	edits func(*site) []edit
	// main is the name of the file that the program is started with, and around is what is in it if that is another.
	main   string
	around func(*site) string
	// header says that the file's comment on the PROXY protocol is followed.
	header bool

	stop    syscall.Signal            // ends the program with 0 when its connections have ended
	version []string                  // arguments
	check   func(dir string) []string // the program looks at the file and ends
	run     func(dir string) []string // the program serves in the foreground, as one process
}

var proxies = []proxy{nginx, haproxy, caddy}

var nginx = proxy{
	name: "nginx", program: "nginx", debianPackage: "nginx-light", file: "nginx.conf",
	edits: func(s *site) []edit {
		return []edit{
			{"    listen 443 ssl;\n", "    listen " + s.address + " ssl;\n"},
			{"    listen [::]:443 ssl;\n", ""},
			{"/etc/letsencrypt/live/bridge.example.org/fullchain.pem", s.certificate},
			{"/etc/letsencrypt/live/bridge.example.org/privkey.pem", s.key},
			{"http://127.0.0.1:9998;", "http://" + s.bridge.addr + ";"},
		}
	},
	main: "main.conf",
	// What Debian's own nginx.conf has around the files of conf.d, but in one process and without the system's directories.
	around: func(*site) string {
		return `
			daemon off;
			master_process off;
			pid nginx.pid;
			error_log stderr info;
			events { worker_connections 768; }
			http {
				sendfile on;
				tcp_nopush on;
				ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3;
				gzip on;
				access_log off;
				client_body_temp_path body;
				proxy_temp_path proxy;
				fastcgi_temp_path fastcgi;
				uwsgi_temp_path uwsgi;
				scgi_temp_path scgi;
				include nginx.conf;
			}`
	},
	stop:    syscall.SIGQUIT,
	version: []string{"-v"},
	check:   func(dir string) []string { return []string{"-t", "-e", "stderr", "-p", dir, "-c", "main.conf"} },
	run:     func(dir string) []string { return []string{"-e", "stderr", "-p", dir, "-c", "main.conf"} },
}

var haproxy = proxy{
	name: "HAProxy", program: "haproxy", debianPackage: "haproxy", file: "haproxy.cfg",
	edits: func(s *site) []edit {
		return append(s.haproxyBind(), edit{serverLine, "    server wsbridge " + s.bridge.addr + "\n"})
	},
	main:    "haproxy.cfg",
	stop:    syscall.SIGUSR1,
	version: []string{"-v"},
	check:   func(dir string) []string { return []string{"-c", "-f", dir + "/haproxy.cfg"} },
	run:     func(dir string) []string { return []string{"-db", "-f", dir + "/haproxy.cfg"} },
}

// haproxyHeader is HAProxy as the file has it in a comment.
var haproxyHeader = proxy{
	name: "HAProxy with the PROXY protocol", program: haproxy.program, debianPackage: haproxy.debianPackage, file: haproxy.file,
	edits: func(s *site) []edit {
		return append(s.haproxyBind(), edit{serverLine, ""},
			edit{"    #server wsbridge 127.0.0.1:9998 send-proxy-v2\n", "    server wsbridge " + s.bridge.addr + " send-proxy-v2\n"})
	},
	main:    haproxy.main,
	header:  true,
	stop:    haproxy.stop,
	version: haproxy.version,
	check:   haproxy.check,
	run:     haproxy.run,
}

const serverLine = "    server wsbridge 127.0.0.1:9998\n"

func (s *site) haproxyBind() []edit {
	return []edit{
		{"bind :::443 v4v6 ", "bind " + s.address + " "},
		{" crt /etc/haproxy/bridge.example.org.pem ", " crt " + s.both + " "},
	}
}

var caddy = proxy{
	name: "Caddy", program: "caddy", debianPackage: "caddy", file: "Caddyfile",
	edits: func(s *site) []edit {
		host, _, _ := net.SplitHostPort(s.address)
		return []edit{
			{"\nbridge.example.org {\n", "\n" + s.host() + " {\n\tbind " + host + "\n"},
			{"#tls /etc/caddy/bridge.example.org.crt /etc/caddy/bridge.example.org.key\n", "tls " + s.certificate + " " + s.key + "\n"},
			{"reverse_proxy 127.0.0.1:9998 {", "reverse_proxy " + s.bridge.addr + " {"},
		}
	},
	main: "main.caddy",
	// Without the ports 80 and 2019, and without the system's directories.
	around: func(s *site) string {
		return "{\n\tadmin off\n\tauto_https disable_redirects\n\tstorage file_system " + s.dir + "\n}\nimport Caddyfile\n"
	},
	stop:    syscall.SIGTERM,
	version: []string{"version"},
	check: func(dir string) []string {
		return []string{"validate", "--adapter", "caddyfile", "--config", dir + "/main.caddy"}
	},
	run: func(dir string) []string {
		return []string{"run", "--adapter", "caddyfile", "--config", dir + "/main.caddy"}
	},
}

// TestProxies runs the files for proxies in configs/, with the programs as Debian packs them, in front of wsbridge as
// go build makes it and as the files say to start it. Clients come over TLS.
func TestProxies(t *testing.T) {
	t.Parallel()
	binary := buildProgram(t)
	t.Run("silence", func(t *testing.T) {
		t.Parallel()
		keepSilent(t, binary)
	})
	for _, p := range proxies {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			p.start(t, binary).hold(t, proxyClaims, addressClaims, schemeClaims)
		})
	}
	t.Run(haproxyHeader.name, func(t *testing.T) {
		t.Parallel()
		haproxyHeader.start(t, binary).hold(t, proxyClaims, addressClaims, headerClaims)
	})
}

// proxyClaim is something that holds with a proxy in front.
type proxyClaim struct {
	claim string
	check func(*testing.T, *site)
}

func (s *site) hold(t *testing.T, groups ...[]proxyClaim) {
	for _, claims := range groups {
		for _, c := range claims {
			t.Run(c.claim, func(t *testing.T) { c.check(t, s) })
		}
	}
}

// TestCaddyfileIsFormatted: Caddy warns of a file that is not.
func TestCaddyfileIsFormatted(t *testing.T) {
	t.Parallel()
	path := installed(t, caddy.program, caddy.debianPackage)
	got, err := exec.Command(path, "fmt", caddy.path()).Output()
	if err != nil || string(got) != caddy.shipped(t) {
		t.Errorf("caddy fmt (%v) makes of it:\n%s", err, got)
	}
}
