package page

import (
	"encoding/json"
	"net/http"
	"time"

	"wsbridge/explain"
)

// about is what GET /api/bridge answers.
type about struct {
	Version  string   `json:"version"`
	Practice bool     `json:"practice"` // no target was named
	Path     string   `json:"path"`     // where the page connects
	Target   string   `json:"target"`   // what is behind that path
	Lab      []string `json:"lab"`      // practice servers: /lab/NAME
	Kernel   bool     `json:"kernel"`   // TCP_INFO is measured here
	Now      int64    `json:"now"`      // microseconds, as in /api/clock
	Listen   string   `json:"listen"`   // host:port
}

func (p *Page) serveBridge(w http.ResponseWriter, r *http.Request) {
	o := &p.options
	a := about{Version: o.Version, Practice: o.Practice, Path: o.Path, Target: o.Target, Lab: o.Lab, Kernel: o.Kernel,
		Now: p.micros(time.Now()), Listen: p.host()}
	if a.Lab == nil {
		a.Lab = []string{}
	}
	p.answer(w, http.StatusOK, a)
}

func (p *Page) serveClock(w http.ResponseWriter, r *http.Request) {
	p.answer(w, http.StatusOK, struct {
		Now int64 `json:"now"`
	}{p.micros(time.Now())})
}

// serveWords is what the page fills with the fields of events, as explain.Explain does for the terminal.
func (p *Page) serveWords(w http.ResponseWriter, r *http.Request) {
	lang := explain.Lang(r.PathValue("lang"))
	if lang != explain.English && lang != explain.Chinese {
		p.refuse(w, r, http.StatusNotFound, "there are words in these languages only: /api/words/en, /api/words/zh")
		return
	}
	p.answer(w, http.StatusOK, json.RawMessage(explain.Table(lang)))
}

// micros is t on the clock that all sessions share: microseconds since the page began.
func (p *Page) micros(t time.Time) int64 { return t.Sub(p.epoch).Microseconds() }

func (p *Page) host() string {
	if p.options.Host == nil {
		return ""
	}
	return p.options.Host()
}
