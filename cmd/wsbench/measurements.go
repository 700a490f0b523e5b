package main

import (
	"fmt"
	"time"
)

// measurement is done with one relay and has a value for each of its rows.
type measurement struct {
	name string // for --only
	rows []row
	run  func(*trial) ([]float64, error)
	fits func(*relayKind) bool // nil: it can be made with every relay
}

// row is a line of the table.
type row struct {
	key   string // in the JSON
	title string // with the unit in front of the comma
}

// amounts is how much is sent; --quick has less of everything.
type amounts struct {
	bytes    int64 // in each direction, over all connections
	messages int64
	trips    int64 // of a message to the target and back
	crowd    int64 // the same, with many connections, for each
	setups   int64
	idle     []idle
	pause    time.Duration // until memory is looked at
}

// idle is a number of connections, and the one that was wanted.
type idle struct{ conns, wanted int }

// filesWanted is for the relay: two sockets for each of the most connections, and some more.
const (
	mostIdle    = 9500
	sparedFiles = 200
	filesWanted = 2*mostIdle + sparedFiles
)

func (o *options) amounts(files int) amounts {
	a := amounts{bytes: 1 << 30, messages: 4 << 20, trips: 16_384, crowd: 2048, setups: 4096, pause: o.pause}
	wanted := []int{1000, mostIdle}
	if o.quick {
		a = amounts{bytes: 16 << 20, messages: 64 << 10, trips: 512, crowd: 64, setups: 128, pause: 50 * time.Millisecond}
		wanted = []int{50, 200}
	}
	for _, n := range wanted {
		a.idle = append(a.idle, idle{min(n, (files-sparedFiles)/2), n})
	}
	return a
}

func measurements(a amounts) []*measurement {
	var list []*measurement
	for _, way := range []struct {
		name, title string
		up, down    int64
	}{
		{"up", "up", a.bytes, 0},
		{"down", "down", 0, a.bytes},
		{"both", "both ways", a.bytes, a.bytes},
	} {
		for _, conns := range []int{1, 8} {
			list = append(list, &measurement{
				name: way.name,
				rows: []row{{fmt.Sprintf("%s-%d", way.name, conns), fmt.Sprintf("CPU s/GiB %s, %s", way.title, connections(conns))}},
				run:  func(t *trial) ([]float64, error) { return t.throughput(conns, way.up, way.down) },
			})
		}
	}
	list = append(list,
		&measurement{
			name: "messages",
			rows: []row{{"messages-up", "CPU µs per 64-byte message up"}},
			run:  func(t *trial) ([]float64, error) { return t.small(a.messages, (*client).upload) },
		},
		&measurement{
			name: "messages",
			rows: []row{{"messages-echo", "CPU µs per 64-byte message echoed"}},
			run:  func(t *trial) ([]float64, error) { return t.small(a.messages, (*client).echo) },
		})
	for _, l := range []struct {
		conns int
		trips int64
	}{{1, a.trips}, {64, a.crowd}} {
		list = append(list, &measurement{
			name: "latency",
			rows: []row{
				{fmt.Sprintf("latency-%d-p50", l.conns), "echo µs p50, " + connections(l.conns)},
				{fmt.Sprintf("latency-%d-p99", l.conns), "echo µs p99, " + connections(l.conns)},
			},
			run: func(t *trial) ([]float64, error) { return t.latency(l.conns, l.trips) },
		})
	}
	list = append(list, &measurement{
		name: "setup",
		rows: []row{{"setup", "CPU µs per connection set up"}},
		run:  func(t *trial) ([]float64, error) { return t.setup(a.setups) },
	})
	for n, i := range a.idle {
		m := i.measurement(a.pause)
		m.fits = func(k *relayKind) bool { return k.maxIdle == 0 || n == 0 }
		list = append(list, m)
	}
	return append(list, &measurement{
		name: "trickle",
		rows: []row{{"trickle", "bytes withheld of half a frame"}},
		run:  (*trial).trickle,
	})
}

func (i idle) measurement(pause time.Duration) *measurement {
	m := &measurement{
		name: "idle",
		run: func(t *trial) ([]float64, error) {
			if most := t.kind.maxIdle; most > 0 {
				return t.idle(min(i.conns, most), pause)
			}
			return t.idle(i.conns, pause)
		},
	}
	for _, state := range []struct{ key, title string }{{"idle", "KiB %s idle, %d pairs"}, {"burst", "KiB %s after burst, %d pairs"}} {
		for _, what := range []string{"rss", "pss"} {
			m.rows = append(m.rows, row{fmt.Sprintf("%s-%d-%s", state.key, i.wanted, what), fmt.Sprintf(state.title, what, i.conns)})
		}
	}
	return m
}

func connections(n int) string {
	if n == 1 {
		return "1 connection"
	}
	return fmt.Sprintf("%d connections", n)
}
