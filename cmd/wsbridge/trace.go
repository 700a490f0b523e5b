package main

import (
	"io"
	"log/slog"
	"os"
	"strings"

	"wsbridge/explain"
)

// trace is what the switches say about telling sessions on standard output.
type trace struct {
	form    explain.Form // "": tell nothing
	payload explain.Payload
	lang    explain.Lang
}

// settings are the switches of the group; wsbridge explain has the last two, too.
func (t *trace) settings(group string) []*setting {
	return []*setting{
		{group: group, name: "trace", value: "text|bytes|json", optional: true, read: t.readForm,
			help: "tell each session on standard output: as text (--trace alone), with its bytes, or as JSON Lines, " +
				"which wsbridge explain reads"},
		{group: group, name: "trace-payload", value: "all|head|none", standard: "head", read: t.readPayload,
			help: "how much is printed of what people send; head: 64 bytes of each event"},
		{group: group, name: "lang", value: "en|zh", read: t.readLang,
			help: "language of the trace; without it the one of LC_ALL, LC_MESSAGES or LANG, if it is one of these, else en"},
	}
}

func (t *trace) readForm(value string) error {
	switch value {
	case "true": // --trace alone
		t.form = explain.AsText
		return nil
	case "false":
		t.form = ""
		return nil
	}
	return choice(func(word string) { t.form = explain.Form(word) }, "text", "bytes", "json")(value)
}

func (t *trace) readPayload(value string) error {
	return choice(func(word string) { t.payload = explain.Payload(word) }, "all", "head", "none")(value)
}

func (t *trace) readLang(value string) error {
	return choice(func(word string) { t.lang = explain.Lang(word) }, "en", "zh")(value)
}

// options are how to print on w.
func (t *trace) options(w io.Writer) explain.PrinterOptions {
	o := explain.PrinterOptions{Form: t.form, Payload: t.payload, Lang: t.lang}
	if o.Lang == "" {
		o.Lang = localLang(os.Getenv)
	}
	if file, ok := w.(*os.File); ok {
		_, is := terminal(file)
		o.Color = is && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
		o.Width = func() int {
			columns, _ := terminal(file)
			return columns
		}
	}
	return o
}

// printer is what tells sessions on stdout; nil when nothing asks for it.
func (t *trace) printer(stdout io.Writer, log *slog.Logger) *explain.Printer {
	if t.form == "" {
		return nil
	}
	o := t.options(stdout)
	o.Failed = func(err error) {
		log.Warn("--trace ends: standard output cannot be written to; sessions go on", "error", reason(err))
	}
	return explain.NewPrinter(stdout, o)
}

// localLang is the language that the environment asks for (POSIX: the first of these that is set counts).
func localLang(env func(string) string) explain.Lang {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		switch value := env(name); {
		case strings.HasPrefix(value, "zh"):
			return explain.Chinese
		case value != "":
			return explain.English
		}
	}
	return explain.English
}
