package main

func helpText() string {
	return `wsbench: what wsbridge costs, against a plain TCP relay

It builds wsbridge and starts it, then a relay that copies TCP to TCP with one 64 KiB buffer per
direction ("tcp", the reference), then websockify if it is installed, each in front of the same
target. It drives them in turn, compares every byte that arrives, and prints medians and ratios.

Examples:
  go run ./cmd/wsbench                        everything; about ten minutes
  go run ./cmd/wsbench --only up,down         those only; about two
  go run ./cmd/wsbench --only setup --rounds 11
  go run ./cmd/wsbench --quick                a minute, to see that it works, not how well
  go run ./cmd/wsbench --bridge before=/tmp/a --bridge after=/tmp/b
                                              two builds in the same run
  go run ./cmd/wsbench --json >run.json       all samples, the machine, the versions

Measurements (for --only):
  up, down, both   CPU seconds per GiB, at 1 and at 8 connections; up in messages of 64 KiB
  messages         CPU microseconds per message of 64 bytes, one behind the other, up and echoed
  latency          microseconds until 64 bytes are back, at 1 and at 64 connections
  setup            CPU microseconds for a connection: connect, handshake, a byte echoed, closed
  idle             KiB per connection that does nothing, at 1,000 and 9,500, and the same after
                   256 KiB in each direction of each, 64 connections at a time
  trickle          the first half of a frame of 1 MiB comes, the rest does not: how many of its
                   bytes are not passed on?

How to read it: a ratio compares two relays within seconds of each other. Compare ratios, and look
at their range: where it is wide, the machine was busy. CPU is the relay's, user and system;
sending and receiving are not counted. rss is resident memory; pss counts a page that several
processes share once, so for one process it is a little less.

Flags:
  --rounds N            how often everything is measured (default: 5)
  --only NAME,NAME...   not everything
  --bridge [NAME=]PATH  this wsbridge rather than one built now; may repeat with names
  --pause TIME          before memory is looked at (default: 3s); nothing makes a relay collect
                        garbage but itself
  --quick               small amounts
  --json                on stdout instead of the table

Progress is shown on stderr if that is a terminal. Ctrl-C ends it, and every process it started.
Linux only. Exit codes: 0 measured, 1 something failed, such as a byte that was not right, 2
something typed wrongly, 130 interrupted.
`
}
