package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/urfave/cli/v2"
)

// healthTimeout bounds a whole health check.
const healthTimeout = 3 * time.Second

func healthCommand(c *config) *cli.Command {
	h := &healthCheck{}
	settings := h.settings()
	return &cli.Command{
		Name:               "healthcheck",
		CustomHelpTemplate: healthHelp(settings),
		HideHelpCommand:    true,
		OnUsageError:       usageError,
		Flags:              cliFlags(settings),
		Action: func(ctx *cli.Context) error {
			if err := noFlags(c.settings, "healthcheck"); err != nil {
				return err
			}
			if ctx.Args().Present() {
				return usage("try wsbridge healthcheck --tcp localhost:7", "unexpected argument %s", quote(ctx.Args().First()))
			}
			return h.run(settings)
		},
	}
}

// healthCheck asks whether something answers on this machine.
type healthCheck struct {
	listen []string
	tcp    string
}

func (h *healthCheck) settings() []*setting {
	return []*setting{
		{name: "listen", value: "HOST:PORT", standard: "localhost:9998", list: true, read: h.readListen,
			help: "what the wsbridge was started with; the first is asked"},
		{name: "tcp", value: "HOST:PORT", read: h.readTCP, help: "only connect to this address"},
	}
}

func (h *healthCheck) readListen(address string) error {
	h.listen = append(h.listen, address)
	return checkAddress(address)
}

func (h *healthCheck) readTCP(address string) error {
	h.tcp = address
	return checkAddress(address)
}

// run returns a problem without a hint: one line, for a log that a container engine keeps.
func (h *healthCheck) run(settings []*setting) error {
	listen, connect := settings[0], settings[1]
	if len(connect.typed.values) > 0 {
		if err := connect.load(); err != nil {
			return err
		}
		return unhealthy(dialOnce(localAddress(h.tcp)))
	}
	if err := listen.load(); err != nil {
		return err
	}
	address := localAddress(h.listen[0])
	if err := askHealth(address); err != nil {
		return unhealthy(fmt.Errorf("GET http://%s/healthz: %w", address, err))
	}
	return nil
}

func unhealthy(err error) error {
	if err == nil {
		return nil
	}
	return &problem{code: exitRuntime, what: fmt.Sprintf("unhealthy: %v", err)}
}

func dialOnce(address string) error {
	conn, err := net.DialTimeout("tcp", address, healthTimeout)
	if err != nil {
		return fmt.Errorf("connect to %s: %w", address, reason(err))
	}
	return conn.Close()
}

// askHealth sends GET /healthz. It does without http.Client, which would log about servers that speak no HTTP.
func askHealth(address string) error {
	deadline := time.Now().Add(healthTimeout)
	conn, err := net.DialTimeout("tcp", address, healthTimeout)
	if err != nil {
		return reason(err)
	}
	defer conn.Close()
	conn.SetDeadline(deadline)
	if _, err := fmt.Fprintf(conn, "GET /healthz HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", address); err != nil {
		return reason(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return reason(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 100))
	if err == nil && strings.HasPrefix(string(body), "wsbridge: this port speaks TLS") {
		return nil // and says so itself; a client's certificate may be needed for more
	}
	if err != nil || response.StatusCode != http.StatusOK || string(body) != "ok\n" {
		return fmt.Errorf("%s, %q", response.Status, body)
	}
	return nil
}

// localAddress is an address of this machine that a listener on address answers to.
func localAddress(address string) string {
	host, port, _ := net.SplitHostPort(address)
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return net.JoinHostPort(host, port)
}
