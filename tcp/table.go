package tcp

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// Table is targets by name, as websockify's token files have them: lines "name: host:port" in a file, or in all files of
// a directory. Empty lines and lines that begin with # do not count. A name chooses among what is listed; it can never
// be an address itself.
type Table struct {
	path   string
	tls    *tls.Config
	failed func(error)

	mu      sync.Mutex // guards what follows
	targets map[string]Target
	seen    map[string]fileState // files as they were when targets was read
	told    string               // the error that failed has been given
}

// fileState tells two versions of a file apart.
type fileState struct {
	size    int64
	changed time.Time
	fresh   bool // read so soon after a change that another one may have the same time
}

// clockStep is more than the step of any file system's clock.
const clockStep = 2 * time.Second

const mostTable = 8 << 20 // bytes in a file

// LoadTable reads path; secure is for its tls:// targets, nil the default. It is read again when a file changes or comes, before the next Lookup; as long as the new one
// cannot be read the old one counts, and failed (nil: nobody) is told once why.
func LoadTable(path string, secure *tls.Config, failed func(error)) (*Table, error) {
	t := &Table{path: path, tls: secure, failed: failed}
	seen, err := t.look()
	if err != nil {
		return nil, err
	}
	return t, t.read(seen)
}

// Lookup is the target with this name. It blocks for the file system.
func (t *Table) Lookup(name string) (target Target, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	seen, err := t.look()
	if err == nil && !sameFiles(seen, t.seen) {
		err = t.read(seen)
	}
	t.tell(err)
	target, ok = t.targets[name]
	return target, ok
}

// Len is how many targets there are.
func (t *Table) Len() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.targets)
}

func (t *Table) tell(err error) {
	words := ""
	if err != nil {
		words = err.Error()
	}
	if words != "" && words != t.told && t.failed != nil {
		t.failed(err)
	}
	t.told = words
}

// look finds the files, without reading them.
func (t *Table) look() (map[string]fileState, error) {
	info, err := os.Stat(t.path)
	if err != nil {
		return nil, err
	}
	files := []string{t.path}
	if info.IsDir() {
		if files, err = filesIn(t.path); err != nil {
			return nil, err
		}
	}
	seen := make(map[string]fileState, len(files))
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil {
			return nil, err
		}
		if info.Mode().IsRegular() {
			seen[file] = fileState{info.Size(), info.ModTime(), time.Since(info.ModTime()) < clockStep}
		}
	}
	return seen, nil
}

// filesIn leaves out what editors and operators hide or keep beside: .name and name~.
func filesIn(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var files []string
	for _, e := range entries {
		if name := e.Name(); !strings.HasPrefix(name, ".") && !strings.HasSuffix(name, "~") {
			files = append(files, filepath.Join(dir, name))
		}
	}
	return files, nil
}

func sameFiles(a, b map[string]fileState) bool {
	if len(a) != len(b) {
		return false
	}
	for file, state := range a {
		if old, ok := b[file]; !ok || old.fresh || state.size != old.size || !state.changed.Equal(old.changed) {
			return false
		}
	}
	return true
}

func (t *Table) read(seen map[string]fileState) error {
	targets := make(map[string]Target)
	for _, file := range slices.Sorted(maps.Keys(seen)) {
		if seen[file].size > mostTable {
			return fmt.Errorf("%s: more than %d bytes", file, mostTable)
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if err := parseTable(file, text, targets); err != nil {
			return err
		}
	}
	for name, target := range targets {
		if target.TLS != nil && t.tls != nil {
			target.TLS = t.tls
			targets[name] = target
		}
	}
	t.targets, t.seen = targets, seen
	return nil
}

// parseTable adds the lines of a file to targets. Errors name the line, not the token: some use tokens as secrets.
func parseTable(file string, text []byte, targets map[string]Target) error {
	lines := bufio.NewScanner(bytes.NewReader(text))
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(strings.TrimPrefix(lines.Text(), "\ufeff"))
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, address, ok := strings.Cut(line, ": ")
		if name = strings.TrimSpace(name); !ok || name == "" {
			return fmt.Errorf("%s:%d: not name: host:port (with a space behind the first colon)", file, n)
		}
		target, err := ParseTarget(strings.TrimSpace(address))
		if err != nil {
			return fmt.Errorf("%s:%d: %w", file, n, err)
		}
		if _, twice := targets[name]; twice {
			return fmt.Errorf("%s:%d: this name stands in the table already", file, n)
		}
		targets[name] = target
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		return fmt.Errorf("%s: a line is too long", file)
	}
	return lines.Err()
}
