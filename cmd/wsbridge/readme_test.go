package main

import (
	"os"
	"strings"
	"testing"
)

// TestREADMEShowsHelp keeps README.md's copy of --help equal to --help.
func TestREADMEShowsHelp(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(readme), "As `wsbridge --help` prints them:\n\n```\n")
	shown, _, found := strings.Cut(after, "```\n")
	if want := helpText(newConfig().settings); !found || shown != want {
		t.Errorf("README.md shows\n%s\nwsbridge --help prints\n%s", shown, want)
	}
}
