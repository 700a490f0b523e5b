package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"
)

// options are what the flags say.
type options struct {
	stdout, stderr io.Writer

	rounds  int
	only    string
	json    bool
	quick   bool
	pause   time.Duration
	bridges cli.StringSlice
}

func (o *options) flags() []cli.Flag {
	return []cli.Flag{
		&cli.IntFlag{Name: "rounds", Value: 5, Destination: &o.rounds},
		&cli.StringFlag{Name: "only", Destination: &o.only},
		&cli.BoolFlag{Name: "json", Destination: &o.json},
		&cli.BoolFlag{Name: "quick", Destination: &o.quick},
		&cli.DurationFlag{Name: "pause", Value: 3 * time.Second, Destination: &o.pause},
		&cli.StringSliceFlag{Name: "bridge", Destination: &o.bridges},
	}
}

// action measures and prints.
func (o *options) action(c *cli.Context) error {
	if c.Args().Present() {
		return usage("wsbench --help lists the flags", "unexpected argument %s", c.Args().First())
	}
	if o.rounds < 1 {
		return usage("try --rounds 5", "--rounds %d: at least one is needed", o.rounds)
	}
	files, err := raiseFiles(filesWanted)
	if err != nil {
		return err
	}
	chosen, err := choose(measurements(o.amounts(files)), o.only)
	if err != nil {
		return err
	}
	b, err := o.bench(c.Context, chosen, files)
	if err != nil {
		return err
	}
	err = b.run(c.Context)
	b.end()
	if err != nil {
		return err
	}
	if o.json {
		return b.results.writeJSON(o.stdout)
	}
	return b.results.writeTable(o.stdout)
}

// bench is ready to run; end must be called.
func (o *options) bench(ctx context.Context, chosen []*measurement, files int) (*bench, error) {
	b := &bench{measurements: chosen, rounds: o.rounds, progress: newProgress(o.stderr)}
	b.progress.say("getting ready")
	var err error
	if b.kinds, b.dir, err = o.relays(ctx); err != nil {
		b.end()
		return nil, err
	}
	b.results = newResults(o, b.kinds, chosen, files)
	return b, nil
}

// choose returns those measurements that only names; "" names all.
func choose(all []*measurement, only string) ([]*measurement, error) {
	if only == "" {
		return all, nil
	}
	var names []string
	for _, m := range all {
		if !slices.Contains(names, m.name) {
			names = append(names, m.name)
		}
	}
	var chosen []*measurement
	wanted := strings.Split(only, ",")
	for _, name := range wanted {
		if !slices.Contains(names, name) {
			return nil, usage(fmt.Sprintf("these are there: %s", strings.Join(names, ",")), "--only %s: no measurement %q", only, name)
		}
	}
	for _, m := range all {
		if slices.Contains(wanted, m.name) {
			chosen = append(chosen, m)
		}
	}
	return chosen, nil
}
