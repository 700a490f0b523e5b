//go:build linux

package main

import (
	"context"
	"slices"
	"testing"
	"time"
)

// pagePatience bounds each claim, on a machine that has much else to do too.
const pagePatience = 3 * time.Minute

// TestPage shows that the page does what it says in the browsers that people have, and that what it tells is true: each
// claim in each engine, with the program as go build makes it. The engines run beside each other.
func TestPage(t *testing.T) {
	if testing.Short() {
		t.Skip("starts browsers, which takes two minutes; run it without -short")
	}
	claims := slices.Concat(bytesClaims, wireClaims, whyClaims, wordsClaims, accessClaims, floodClaims, admittedClaims, secureClaims, experimentClaims)
	binary := buildProgram(t)
	for _, d := range drivers {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			b := d.start(t, installed(t, d.program, d.debianPackage))
			for _, c := range claims {
				ctx, cancel := context.WithTimeout(t.Context(), pagePatience)
				t.Run(c.claim, func(t *testing.T) {
					checkClaim(t, ctx, c, &pageVisit{&visit{T: t, ctx: ctx, binary: binary}, d.name, b})
				})
				stuck := ctx.Err() != nil
				cancel()
				if stuck {
					t.Fatalf("not checked in %v; the claims behind it are not tried", pagePatience)
				}
			}
		})
	}
}

// pageClaim is something the page does in every browser.
type pageClaim struct {
	claim string
	check func(*pageVisit)
}

func checkClaim(t *testing.T, ctx context.Context, c pageClaim, v *pageVisit) {
	began := time.Now()
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the browser's last words:\n%s", browser{printed: v.driven.printed}.lastWords())
		}
		t.Logf("took %.1f s", time.Since(began).Seconds())
	})
	c.check(v)
}
