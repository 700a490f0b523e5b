package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"wsbridge/bridge/auth"
)

func checkCommand(c *config, stdout, stderr io.Writer) *cli.Command {
	return &cli.Command{
		Name:               "check",
		CustomHelpTemplate: checkHelp,
		HideHelpCommand:    true,
		OnUsageError:       usageError,
		Action: func(ctx *cli.Context) error {
			if err := noFlags(c.settings, "check"); err != nil {
				return err
			}
			if ctx.Args().Len() != 1 {
				return usage("try wsbridge check wsbridge.yaml", "check: which file? One")
			}
			return checkFile(c, ctx.Args().First(), stdout, stderr)
		},
	}
}

const checkHelp = `wsbridge check FILE

Reads a configuration file, with the environment, as wsbridge --config FILE does, and all files that
it names, and says what would run. Nothing is listened on and nothing dialled. Exit code 0: it is
fine; 2: it is not, and why, with line and column.

Examples:
  wsbridge check /etc/wsbridge.yaml
  wsbridge check /etc/wsbridge.yaml && sudo systemctl reload wsbridge
`

// checkFile says what wsbridge --config file would run.
func checkFile(c *config, file string, stdout, stderr io.Writer) error {
	findSetting(c.settings, "config").typed.values = []string{file}
	if err := c.read(); err != nil {
		return err
	}
	c.warn(c.logger(stderr))
	scheme := "ws"
	if c.certificates != nil {
		scheme = "wss"
	}
	fmt.Fprintf(stdout, "%s is fine. It would run:\n\n", quote(file))
	for _, address := range c.listen {
		fmt.Fprintf(stdout, "listen  %s  (%s)\n", address, scheme)
	}
	if given := c.given(false); given != "" {
		fmt.Fprintf(stdout, "with    %s\n", given)
	}
	for i := range c.targets {
		c.tell(stdout, &c.targets[i])
	}
	if len(c.targets) == 0 {
		fmt.Fprintln(stdout, "route   /  →  practice servers: there is no target")
	}
	return nil
}

// tell says who may reach a target, and how.
func (c *config) tell(w io.Writer, t *target) {
	settings := t.settings(c)
	fmt.Fprintf(w, "route   %s%s  →  %s\n", t.host, t.path, t)
	if t.name != "" {
		fmt.Fprintf(w, "        name     %s\n", t.name)
	}
	fmt.Fprintf(w, "        origins  %s\n", strings.Join(append([]string{"the bridge's own"}, settings.bridge.AllowOrigins...), ", "))
	fmt.Fprintf(w, "        proof    %s\n", describePolicy(settings.bridge.Auth))
	if t.table != nil {
		fmt.Fprintf(w, "        tokens   %d\n", t.table.Len())
	}
	if given := settings.given(true); given != "" {
		fmt.Fprintf(w, "        with     %s\n", given)
	}
}

// told are settings that tell says in other words.
var told = []string{"config", "listen", "target", "tokens", "allow-origin", "auth-token-file", "auth-basic-file", "auth-jwt-key-file"}

// given are the settings that do not have their standard values, those of routes or the others; secrets only by name.
func (c *config) given(ofRoute bool) string {
	var given []string
	for _, s := range c.settings {
		switch {
		case s.from == "" || s.ofRoute != ofRoute || slices.Contains(told, s.name):
		case s.secret:
			given = append(given, s.name)
		default:
			given = append(given, s.name+" "+strings.Join(s.source().values, " "))
		}
	}
	return strings.Join(given, ", ")
}

// describePolicy says what must be shown, without showing any of it.
func describePolicy(p *auth.Policy) string {
	if !p.Required() {
		return "none: whoever reaches the bridge may connect"
	}
	var ways []string
	if p.Tokens != nil {
		ways = append(ways, "a token")
	}
	if p.Basic != nil {
		ways = append(ways, "user and password")
	}
	if p.Keys != nil {
		ways = append(ways, "a JWT")
	}
	return alternatives(ways)
}
