package main

import (
	"encoding/json"
	"io"
	"math"
	"runtime"
	"slices"
	"time"
)

// results is everything that a run found out; it is what --json prints.
type results struct {
	Started  time.Time    `json:"started"`
	Machine  machine      `json:"machine"`
	Go       string       `json:"go"` // built wsbench; wsbridge too, unless --bridge names one
	CPUClock string       `json:"cpu_clock"`
	Rounds   int          `json:"rounds"`
	Quick    bool         `json:"quick"`
	Notes    []string     `json:"notes,omitempty"`
	Relays   []*relayKind `json:"relays"`
	Rows     []*resultRow `json:"rows"`
}

type machine struct {
	OS          string `json:"os"`
	Kernel      string `json:"kernel"`
	CPU         string `json:"cpu"`
	CPUs        int    `json:"cpus"`
	MemoryBytes int64  `json:"memory_bytes"`
	Files       int    `json:"files"` // that a process may have open
}

// resultRow is a line of the table. Samples have a value for each round, null where there is none.
type resultRow struct {
	Key     string                `json:"key"`
	Title   string                `json:"title"`
	Samples map[string][]*float64 `json:"samples"`
	Median  map[string]*float64   `json:"median"`
	Ratios  map[string][]*float64 `json:"ratios"` // to tcp of the same round
}

func newResults(o *options, kinds []*relayKind, chosen []*measurement, files int) *results {
	r := &results{Started: time.Now().UTC().Truncate(time.Second), Machine: describeMachine(), Go: runtime.Version(), CPUClock: cpuClock,
		Rounds: o.rounds, Quick: o.quick, Relays: kinds, Notes: notes(o, kinds, files)}
	r.Machine.CPUs, r.Machine.Files = runtime.NumCPU(), files
	for _, m := range chosen {
		for _, row := range m.rows {
			r.Rows = append(r.Rows, &resultRow{Key: row.key, Title: row.title, Samples: map[string][]*float64{}})
		}
	}
	return r
}

func (r *results) addRound() {
	for _, row := range r.Rows {
		for _, k := range r.Relays {
			row.Samples[k.Name] = append(row.Samples[k.Name], nil)
		}
	}
}

func (r *results) put(round int, m *measurement, k *relayKind, values []float64) {
	for i := range values {
		row := r.row(m.rows[i].key)
		row.Samples[k.Name][round] = &values[i]
	}
}

func (r *results) row(key string) *resultRow {
	return r.Rows[slices.IndexFunc(r.Rows, func(row *resultRow) bool { return row.Key == key })]
}

// ratios are the values of a relay divided by the reference's of the same round.
func (row *resultRow) ratios(name string) []*float64 {
	base := row.Samples[reference]
	list := make([]*float64, len(base))
	for i, v := range row.Samples[name] {
		if v != nil && base[i] != nil && *base[i] != 0 {
			ratio := *v / *base[i]
			list[i] = &ratio
		}
	}
	return list
}

// median is nil if there are no values. The median of an even number is the mean of the two in the middle.
func median(values []*float64) *float64 {
	list := sorted(values)
	if len(list) == 0 {
		return nil
	}
	m := (list[(len(list)-1)/2] + list[len(list)/2]) / 2
	return &m
}

func sorted(values []*float64) []float64 {
	var list []float64
	for _, v := range values {
		if v != nil && !math.IsNaN(*v) {
			list = append(list, *v)
		}
	}
	slices.Sort(list)
	return list
}

func (r *results) writeJSON(w io.Writer) error {
	for _, row := range r.Rows {
		row.Median, row.Ratios = map[string]*float64{}, map[string][]*float64{}
		for _, k := range r.Relays {
			row.Median[k.Name] = median(row.Samples[k.Name])
			if k.Name != reference {
				row.Ratios[k.Name] = row.ratios(k.Name)
			}
		}
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(r)
}
