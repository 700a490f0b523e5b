package main

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"strings"
	"testing"
)

func output(t *testing.T, cmd *exec.Cmd) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

func TestQuickRunHasEveryRow(t *testing.T) {
	t.Parallel()
	code, stdout, stderr := output(t, wsbench("--quick", "--rounds", "1", "--json", "--bridge", wsbridge))
	if code != 0 || stderr != "" {
		t.Fatalf("exit code %d, stderr %s", code, stderr)
	}
	var r results
	if err := json.Unmarshal([]byte(stdout), &r); err != nil {
		t.Fatalf("%v in %s", err, stdout)
	}
	const rows = 6 + 2 + 4 + 1 + 8 + 1
	if len(r.Rows) != rows || r.Machine.CPUs == 0 || r.Machine.Kernel == "" || !strings.HasPrefix(r.Relays[1].Version, "wsbridge ") {
		t.Errorf("%d rows, want %d; machine %+v; relays %+v", len(r.Rows), rows, r.Machine, r.Relays[1])
	}
	for _, row := range r.Rows {
		for _, k := range r.Relays {
			v := row.Samples[k.Name]
			if k.Name == "websockify" && strings.Contains(row.Key, "-200-") {
				continue // not for so many
			}
			if len(v) != 1 || v[0] == nil || row.Median[k.Name] == nil || *v[0] != *row.Median[k.Name] {
				t.Errorf("%s: %s has %v, want one value", row.Key, k.Name, v)
				continue
			}
			trickled := row.Key == "trickle"
			if *v[0] <= 0 && !trickled && !strings.HasPrefix(row.Key, "idle") && !strings.HasPrefix(row.Key, "burst") {
				t.Errorf("%s: %s has %v, want more than nothing", row.Key, k.Name, *v[0])
			}
			if trickled && k.Name != "websockify" && *v[0] != 0 {
				t.Errorf("%s withheld %v bytes of half a frame, want 0", k.Name, *v[0])
			}
		}
	}
}

func TestTable(t *testing.T) {
	t.Parallel()
	code, stdout, stderr := output(t, wsbench("--quick", "--rounds", "2", "--only", "up,trickle",
		"--bridge", "before="+wsbridge, "--bridge", "after="+wsbridge))
	if code != 0 || stderr != "" {
		t.Fatalf("exit code %d, stderr %s", code, stderr)
	}
	for _, want := range []string{"before  ratio (range)", "after  ratio (range)", "CPU s/GiB up, 8 connections", "bytes withheld"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("no %q in\n%s", want, stdout)
		}
	}
	fits(t, stdout)
}

func TestWhatIsTypedWrongly(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"--only", "sideways"}, exitUsage, "these are there: up,down,both,messages,latency,setup,idle,trickle"},
		{[]string{"--rounds", "0"}, exitUsage, "try --rounds 5"},
		{[]string{"--speed"}, exitUsage, "unknown flag --speed"},
		{[]string{"fast"}, exitUsage, "unexpected argument fast"},
		{[]string{"--bridge", wsbridge, "--bridge", wsbridge}, exitUsage, "give each a name"},
		{[]string{"--bridge", "tcp=" + wsbridge}, exitUsage, "the name tcp is taken"},
		{[]string{"--bridge", "/nothing/here"}, exitUsage, "it must be a wsbridge"},
		{[]string{"--bridge", "/bin/true", "--only", "trickle"}, exitRuntime, "ended at once"},
	} {
		code, stdout, stderr := output(t, wsbench(tt.args...))
		if code != tt.code || !strings.Contains(stderr, tt.want) || stdout != "" {
			t.Errorf("%q: exit code %d, %q, %q, want %d and %q", tt.args, code, stdout, stderr, tt.code, tt.want)
		}
	}
	if code, stdout, _ := output(t, wsbench("--help")); code != 0 || stdout != helpText() {
		t.Errorf("--help: exit code %d, %q", code, stdout)
	}
}
