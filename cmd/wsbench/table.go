package main

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Columns of the table; with two relays beside the reference it is 100 wide. More relays have a table of their own.
const (
	titleWidth = 35
	valueWidth = 9
	ratioWidth = 18
	perTable   = 2
)

func (r *results) writeTable(w io.Writer) error {
	var b strings.Builder
	b.WriteString(r.heading())
	for others := r.Relays[1:]; len(others) > 0; {
		n := min(perTable, len(others))
		r.table(&b, others[:n])
		others = others[n:]
	}
	b.WriteString(r.legend())
	_, err := io.WriteString(w, b.String())
	return err
}

func (r *results) heading() string {
	m := r.Machine
	text := fmt.Sprintf("wsbench: medians of %d rounds; %d x %s, %s %s, %s\n", r.Rounds, m.CPUs, m.CPU, m.OS, m.Kernel, r.Go)
	for _, k := range r.Relays {
		text += wrap(fmt.Sprintf("  %s: %s (%s)", k.Name, k.Command, k.Version), "    ")
	}
	return text
}

func (r *results) table(b *strings.Builder, others []*relayKind) {
	line := left("", titleWidth) + right(reference, valueWidth)
	for _, k := range others {
		line += right(k.Name, valueWidth+1) + left("  ratio (range)", ratioWidth)
	}
	b.WriteString("\n" + strings.TrimRight(line, " ") + "\n")
	for _, row := range r.Rows {
		line := left(row.Title, titleWidth) + right(number(median(row.Samples[reference])), valueWidth)
		for _, k := range others {
			line += right(number(median(row.Samples[k.Name])), valueWidth+1) + left("  "+spread(row.ratios(k.Name)), ratioWidth)
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
}

// number has three digits that matter.
func number(v *float64) string {
	switch {
	case v == nil:
		return "-"
	case *v == 0:
		return "0"
	case math.Abs(*v) >= 100:
		return strconv.FormatFloat(*v, 'f', 0, 64)
	case math.Abs(*v) >= 10:
		return strconv.FormatFloat(*v, 'f', 1, 64)
	case math.Abs(*v) >= 1:
		return strconv.FormatFloat(*v, 'f', 2, 64)
	}
	return strconv.FormatFloat(*v, 'f', 3, 64)
}

// spread is the median of ratios, and the smallest and the largest.
func spread(ratios []*float64) string {
	list := sorted(ratios)
	if len(list) == 0 {
		return ""
	}
	f := func(v float64) string {
		if v >= 10 {
			return strconv.FormatFloat(v, 'f', 0, 64)
		}
		return strconv.FormatFloat(v, 'f', 2, 64)
	}
	return fmt.Sprintf("%s (%s–%s)", f(*median(ratios)), f(list[0]), f(list[len(list)-1]))
}

func (r *results) legend() string {
	text := "\n" + wrap("Ratio: to tcp in the same round, the median of the rounds (smallest–largest). CPU: "+r.CPUClock+
		". Messages up are of 64 KiB unless it says otherwise. Every byte that arrived was compared with the one sent.", "")
	for _, note := range r.Notes {
		text += wrap(note, "")
	}
	return text
}

// notes say where a run is not what was asked for.
func notes(o *options, kinds []*relayKind, files int) []string {
	var list []string
	if o.quick {
		list = append(list, "--quick: the amounts are far too small to say anything but that it works.")
	}
	if n := (files - sparedFiles) / 2; n < mostIdle {
		list = append(list, fmt.Sprintf("A process may have %d files open here, enough for %d idle connections, not %d. More: ulimit -n %d, as root.",
			files, n, mostIdle, filesWanted))
	}
	found := false
	for _, k := range kinds {
		if found = found || k.Name == "websockify"; k.maxIdle > 0 {
			list = append(list, fmt.Sprintf("%s has a process per connection, whose shared memory pss counts once, and select(), which ends near 1,000: "+
				"its idle pairs were at most %d. Its other amounts are 1/%d of the others'.", k.Name, k.maxIdle, k.slower))
		}
	}
	if !found {
		list = append(list, "websockify is not installed; on Debian: apt-get install websockify.")
	}
	return list
}

func left(s string, width int) string  { return s + gap(s, width) }
func right(s string, width int) string { return gap(s, width) + s }

func gap(s string, width int) string {
	return strings.Repeat(" ", max(0, width-utf8.RuneCountInString(s)))
}

// wrap breaks text into lines of at most 100 columns; all but the first begin with indent.
func wrap(text, indent string) string {
	const width = 100
	lines, line := "", ""
	if strings.HasPrefix(text, "  ") {
		line = " "
	}
	for _, word := range strings.Fields(text) {
		if line != "" && utf8.RuneCountInString(line+" "+word) > width {
			lines += line + "\n"
			line = indent + word
			continue
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return lines + line + "\n"
}
