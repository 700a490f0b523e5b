package main

import (
	"fmt"
	"io"
	"os"
)

// progress is one line on a terminal, written over and over. Anywhere else it is silent.
type progress struct {
	w     io.Writer // nil: no terminal
	total int       // steps
	done  int
}

func newProgress(stderr io.Writer) *progress {
	if file, ok := stderr.(*os.File); ok && isTerminal(file) {
		return &progress{w: file}
	}
	return &progress{}
}

// step begins a step.
func (p *progress) step(text string) {
	p.say(fmt.Sprintf("%3d%%  %s", 100*p.done/p.total, text))
	p.done++
}

// say replaces the line.
func (p *progress) say(text string) {
	if p.w != nil {
		fmt.Fprintf(p.w, "\r\x1b[K%.78s", text)
	}
}
