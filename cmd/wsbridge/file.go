package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v4"
)

// The configuration file is YAML. At its top stand the names of flags, each with a value or a list of values, and
// "routes", a list of routes; a route has a path, a target and whatever else shall not be as at the top. The file is
// walked node by node, so that everything that is not understood is told with its line and column.

const mostFile = 1 << 20 // bytes

// fileValue is a value in the configuration file.
type fileValue struct {
	file, text   string
	line, column int
}

func (v fileValue) place() string { return fmt.Sprintf("%s:%d:%d: ", v.file, v.line, v.column) }

// fileRoute is an entry of routes.
type fileRoute struct {
	at               fileValue // where it begins
	path, host, name string
	config           *config // its own settings
}

// file is a configuration file under way.
type file struct {
	name string
	top  *config
}

// readFile gives the settings of c, and its routes, what the file has.
func (c *config) readFile(name string) error {
	text, err := readAtMost(name, mostFile)
	if err != nil {
		return &valueError{what: reason(err).Error(), note: fmt.Sprintf("is it there, and yours to read? ls -l %s", quote(name))}
	}
	return c.parseFile(name, text)
}

func readAtMost(name string, most int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(text)) > most {
		return nil, fmt.Errorf("it has more than %d bytes", most)
	}
	return text, err
}

func (c *config) parseFile(name string, text []byte) error {
	f := &file{name: name, top: c}
	var document yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	switch err := decoder.Decode(&document); {
	case errors.Is(err, io.EOF): // nothing but comments
		return nil
	case err != nil:
		return f.notYAML(err)
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return usage("remove the line ---, or what follows it", "%s: more than one YAML document", name)
	}
	if len(document.Content) == 0 || isNull(document.Content[0]) {
		return nil
	}
	return f.mapping(document.Content[0], "the file", func(key, value *yaml.Node) error {
		if key.Value == "routes" {
			return f.routes(value)
		}
		return f.setting(c, key, value, false)
	})
}

var yamlPlace = regexp.MustCompile(`line (\d+)(?:, column (\d+))?:? ?`)

// notYAML is for a file that cannot be decoded.
func (f *file) notYAML(err error) error {
	place := f.name + ": "
	words := strings.TrimPrefix(err.Error(), "yaml: ")
	if m := yamlPlace.FindStringSubmatch(words); m != nil {
		place = f.name + ":" + m[1] + ": "
		if m[2] != "" {
			place = f.name + ":" + m[1] + ":" + m[2] + ": "
		}
		words = strings.Replace(words, m[0], "", 1)
	}
	return usage("it is written key: value, a line each; indent with spaces", "%snot YAML: %s", place, words)
}

func (f *file) at(n *yaml.Node) fileValue {
	return fileValue{file: f.name, text: n.Value, line: n.Line, column: n.Column}
}

func (f *file) problem(n *yaml.Node, hint, format string, args ...any) error {
	return usage(hint, "%s%s", f.at(n).place(), fmt.Sprintf(format, args...))
}

// mapping calls each for every key, of which none may stand twice.
func (f *file) mapping(n *yaml.Node, what string, each func(key, value *yaml.Node) error) error {
	n = resolved(n)
	if n.Kind != yaml.MappingNode {
		return f.problem(n, "as in: target: localhost:7", "%s must be lines of key: value", what)
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Kind != yaml.ScalarNode {
			return f.problem(key, "", "a key must be a word")
		}
		if seen[key.Value] {
			return f.problem(key, "a list has several: "+key.Value+": [one, two]", "%s stands here twice", clipWord(key.Value))
		}
		seen[key.Value] = true
		if err := each(key, resolved(value)); err != nil {
			return err
		}
	}
	return nil
}

// setting gives the setting of c that key names its values.
func (f *file) setting(c *config, key, value *yaml.Node, inRoute bool) error {
	s := findSetting(c.settings, key.Value)
	switch {
	case s == nil || s.name == "config":
		return f.unknownKey(c, key, inRoute)
	case inRoute && !s.ofRoute:
		return f.problem(key, "write it at the top of the file", "%s is not of one route but of the whole bridge", s.name)
	}
	values := []*yaml.Node{value}
	if value.Kind == yaml.SequenceNode {
		if !s.list {
			return f.problem(value, fmt.Sprintf("as in: %s: %s", s.name, example(s)), "%s takes one value, not a list", s.name)
		}
		values = value.Content
	}
	for _, v := range values {
		if v = resolved(v); v.Kind != yaml.ScalarNode {
			return f.problem(v, fmt.Sprintf("as in: %s: %s", s.name, example(s)), "%s takes a value here, not more keys or lists", s.name)
		}
		if v.Value == "" || v.Value == "~" {
			return f.problem(v, "remove the line to have the default, or give a value", "%s has no value", s.name)
		}
		filed := f.at(v)
		filed.text = f.resolve(s, v.Value)
		s.filed = append(s.filed, filed)
	}
	if len(s.filed) == 0 { // an empty list: none, instead of what is inherited
		s.parent, s.standard = nil, ""
	}
	return nil
}

// resolve makes a file's name relative to where the configuration file is.
func (f *file) resolve(s *setting, value string) string {
	if !strings.HasPrefix(s.value, "FILE") || filepath.IsAbs(value) {
		return value
	}
	return filepath.Join(filepath.Dir(f.name), value)
}

func example(s *setting) string {
	switch {
	case s.standard != "":
		return s.standard
	case s.value == "":
		return "true"
	case strings.Contains(s.value, "|"):
		first, _, _ := strings.Cut(s.value, "|")
		return first
	}
	return s.value
}

// routeKeys are those of a route that are no settings.
var routeKeys = []string{"path", "host", "name", "public"}

func (f *file) unknownKey(c *config, key *yaml.Node, inRoute bool) error {
	known := []string{"routes"}
	if inRoute {
		known = routeKeys
	}
	for _, s := range c.settings {
		if s.name != "config" && (!inRoute || s.ofRoute) {
			known = append(known, s.name)
		}
	}
	hint := "keys are the names of flags, without --; wsbridge --help lists them"
	if near := closest(strings.ReplaceAll(key.Value, "_", "-"), known); near != "" {
		hint = fmt.Sprintf("did you mean %s? %s", near, hint)
	}
	return f.problem(key, hint, "unknown key %s", clipWord(key.Value))
}

func (f *file) routes(n *yaml.Node) error {
	if isNull(n) {
		return nil
	}
	if n.Kind != yaml.SequenceNode {
		return f.problem(n, "as in: routes: and below it - path: /irc", "routes must be a list")
	}
	for _, entry := range n.Content {
		if err := f.route(entry); err != nil {
			return err
		}
	}
	return nil
}

func (f *file) route(n *yaml.Node) error {
	r := fileRoute{at: f.at(resolved(n)), path: "/", config: newConfig()}
	r.config.ofRoute = true
	for _, s := range r.config.settings {
		if s.parent = findSetting(f.top.settings, s.name); s.name == "target" || s.name == "tokens" || !s.ofRoute {
			s.parent = nil
		}
		s.route = true
	}
	err := f.mapping(n, "a route", func(key, value *yaml.Node) error { return f.routeKey(&r, key, value) })
	if err != nil {
		return err
	}
	target, tokens := findSetting(r.config.settings, "target"), findSetting(r.config.settings, "tokens")
	if len(target.filed)+len(tokens.filed) != 1 {
		return usage("as in: target: localhost:7", "%sa route has one target, or tokens", r.at.place())
	}
	r.ownAuth()
	f.top.fileRoutes = append(f.top.fileRoutes, r)
	return nil
}

func (f *file) routeKey(r *fileRoute, key, value *yaml.Node) error {
	word := map[string]*string{"path": &r.path, "host": &r.host, "name": &r.name}[key.Value]
	switch {
	case word == nil && key.Value != "public":
		return f.setting(r.config, key, value, true)
	case value.Kind != yaml.ScalarNode || value.Value == "":
		return f.problem(value, "as in: "+key.Value+": "+map[string]string{"path": "/irc", "host": "irc.example.org", "name": "irc", "public": "true"}[key.Value],
			"%s takes one value", key.Value)
	case word != nil:
		*word = value.Value
		return f.checkWord(key.Value, value, word)
	}
	if err := boolean(&r.config.public)(value.Value); err != nil {
		return f.problem(value, "as in: public: true", "public is neither true nor false")
	}
	return nil
}

func (f *file) checkWord(key string, n *yaml.Node, word *string) error {
	var err error
	switch key {
	case "path":
		if !strings.HasPrefix(*word, "/") {
			return f.problem(n, "try path: /"+clipWord(*word), "a path begins with /")
		}
		err = checkPath(*word, "localhost:7")
	case "host":
		*word, err = parseHost(*word)
	}
	if err != nil {
		return f.problem(n, "", "%s: %s: %v", key, clipWord(n.Value), err)
	}
	return nil
}

// ownAuth lets a route that says anything about authentication inherit nothing of it.
func (r *fileRoute) ownAuth() {
	own := r.config.public
	for _, s := range r.config.settings {
		own = own || strings.HasPrefix(s.name, "auth-") && len(s.filed) > 0
	}
	for _, s := range r.config.settings {
		if own && strings.HasPrefix(s.name, "auth-") {
			s.parent = nil
		}
	}
}

func resolved(n *yaml.Node) *yaml.Node {
	for n.Kind == yaml.AliasNode && n.Alias != nil {
		n = n.Alias
	}
	return n
}

func isNull(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && (n.Value == "" || n.Value == "~" || n.Value == "null") && n.Style == 0
}

// clipWord is a word of the file in an error.
func clipWord(s string) string {
	if r := []rune(s); len(r) > 60 {
		s = string(r[:60]) + "…"
	}
	return quote(s)
}
