//go:build !linux

package page

import "wsbridge/explain"

// measureProbing is not known on this system.
func measureProbing(*explain.Tap) *probing { return nil }
