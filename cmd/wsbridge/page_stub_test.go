//go:build linux

package main

var whyClaims, accessClaims, floodClaims []pageClaim
