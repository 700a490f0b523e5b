package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// version is what the Go toolchain wrote into the program.
func version() string {
	v, commit := "(devel)", ""
	if info, ok := debug.ReadBuildInfo(); ok {
		if info.Main.Version != "" {
			v = info.Main.Version
		}
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				commit = fmt.Sprintf(", commit %.12s", s.Value)
			}
		}
	}
	return fmt.Sprintf("%s (%s, %s/%s%s)", v, runtime.Version(), runtime.GOOS, runtime.GOARCH, commit)
}
