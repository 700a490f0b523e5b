package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// setting is one switch: a flag, its environment variable, its key in the configuration file, and the code that reads a
// value of any of them.
type setting struct {
	group    string             // heading in --help
	name     string             // of the flag, without dashes, and in the file
	value    string             // what --help calls the value; "": the flag needs none
	optional bool               // the flag may stand without its value, which then is "true"
	standard string             // the value when nothing else gives one
	help     string             // one sentence
	list     bool               // the flag repeats, and the variable has a list separated by commas
	secret   bool               // no error shows the value
	ofRoute  bool               // a route in the file may have its own
	read     func(string) error // takes one value; may return a *valueError

	typed  typed       // by flags
	filed  []fileValue // in the configuration file
	route  bool        // it is a route's own: there is no flag or variable
	parent *setting    // of a route's: the one that holds when the route says nothing; nil: the standard value does
	from   string      // where the value came from, as people know it; "" for the standard
}

// typed collects the values of a flag unread, so that a flag and its variable fail in the same words.
type typed struct {
	values   []string
	isSwitch bool
}

func (t *typed) Set(value string) error {
	t.values = append(t.values, value)
	return nil
}

func (t *typed) String() string { return strings.Join(t.values, ",") }

// IsBoolFlag tells package flag that the flag needs no value.
func (t *typed) IsBoolFlag() bool { return t.isSwitch }

// valueError is what is wrong with a value, and what would be right.
type valueError struct {
	what  string
	tries []string // values
	note  string   // more words for the hint
}

func (e *valueError) Error() string { return e.what }

// variable is the name of the environment variable.
func (s *setting) variable() string {
	return "WSBRIDGE_" + strings.ToUpper(strings.ReplaceAll(s.name, "-", "_"))
}

// source is where the values of a setting come from, and how people write them there.
type source struct {
	from   string // "" for the standard
	values []string
	at     []string // in front of what is said of a value: file, line and column
	spell  func(value string) string
}

// load reads the flag if it was typed, or else the variable if it is not empty, or else the file, or else the standard
// value.
func (s *setting) load() error {
	source := s.source()
	s.from = source.from
	for i, value := range source.values {
		err := s.read(value)
		if p, ok := err.(*problem); ok {
			return p // says itself where
		}
		if err != nil {
			if s.secret {
				value = "SECRET"
			}
			return valueProblem(source.place(i), source.spell, value, err)
		}
	}
	return nil
}

func (s *source) place(i int) string {
	if i < len(s.at) {
		return s.at[i]
	}
	return ""
}

func (s *setting) source() source {
	switch values := s.typed.values; {
	case len(values) > 0 && s.list:
		return source{from: "--" + s.name, values: values, spell: s.asFlag}
	case len(values) > 0:
		return source{from: "--" + s.name, values: values[len(values)-1:], spell: s.asFlag}
	}
	if value := os.Getenv(s.variable()); value != "" && !s.route {
		if s.list {
			return source{from: s.variable(), values: splitList(value), spell: s.asVariable}
		}
		return source{from: s.variable(), values: []string{value}, spell: s.asVariable}
	}
	if len(s.filed) > 0 {
		return s.inFile()
	}
	if s.parent != nil {
		return s.parent.source()
	}
	if s.standard != "" {
		return source{values: []string{s.standard}, spell: s.asFlag}
	}
	return source{spell: s.asFlag}
}

func (s *setting) inFile() source {
	values := source{from: s.name + " in " + s.filed[0].file, spell: func(value string) string { return s.name + ": " + quote(value) }}
	for _, v := range s.filed {
		values.values, values.at = append(values.values, v.text), append(values.at, v.place())
	}
	return values
}

func splitList(list string) []string {
	var values []string
	for value := range strings.SplitSeq(list, ",") {
		if value = strings.TrimSpace(value); value != "" {
			values = append(values, value)
		}
	}
	return values
}

// asFlag is how one types a value.
func (s *setting) asFlag(value string) string {
	if s.value == "" || s.optional {
		return "--" + s.name + "=" + quote(value)
	}
	return "--" + s.name + " " + quote(value)
}

func (s *setting) asVariable(value string) string { return s.variable() + "=" + quote(value) }

// valueProblem is for a value, spelled as the user did, that cannot be used; place stands in front.
func valueProblem(place string, spell func(string) string, value string, err error) error {
	p := usage("", "%s%s: %v", place, strings.TrimPrefix(spell(value), "wsbridge "), err)
	if e, ok := err.(*valueError); ok {
		var tries []string
		for _, value := range e.tries {
			tries = append(tries, spell(value))
		}
		p.hint = e.note
		if len(tries) > 0 {
			p.hint = strings.TrimSuffix("try "+alternatives(tries)+"; "+e.note, "; ")
		}
	}
	return p
}

// cliFlags are the settings as urfave/cli knows flags. It only collects values: variables and help are ours.
func cliFlags(settings []*setting) []cli.Flag {
	var flags []cli.Flag
	for _, s := range settings {
		s.typed.isSwitch = s.value == "" || s.optional
		flags = append(flags, &cli.GenericFlag{Name: s.name, Value: &s.typed})
	}
	return flags
}

func findSetting(settings []*setting, name string) *setting {
	for _, s := range settings {
		if s.name == name {
			return s
		}
	}
	return nil
}

// noFlags is an error when flags of wsbridge itself were typed in front of a command.
func noFlags(settings []*setting, command string) error {
	for _, s := range settings {
		if len(s.typed.values) > 0 {
			return usage(fmt.Sprintf("flags of a command go behind it: wsbridge %s --help", command),
				"--%s is no flag of wsbridge %s", s.name, command)
		}
	}
	return nil
}

// variables are the names of the environment variables.
func variables(settings []*setting) []string {
	var names []string
	for _, s := range settings {
		names = append(names, s.variable())
	}
	return names
}

// unknownVariables are the WSBRIDGE_ variables in environ that nothing reads.
func unknownVariables(settings []*setting, environ []string) []string {
	known := variables(settings)
	var unknown []string
	for _, entry := range environ {
		name, _, _ := strings.Cut(entry, "=")
		if strings.HasPrefix(name, "WSBRIDGE_") && !slices.Contains(known, name) {
			unknown = append(unknown, name)
		}
	}
	return unknown
}
