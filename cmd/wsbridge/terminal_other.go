//go:build !unix || aix || solaris

package main

import "os"

// terminal is not asked here: output has the usual width and no colours.
func terminal(*os.File) (columns int, is bool) { return 0, false }
