package main

import (
	"errors"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

// duration reads into d.
func duration(d *time.Duration) func(string) error {
	return func(value string) error {
		v, err := time.ParseDuration(value)
		switch {
		case err != nil && isNumber(value):
			return &valueError{what: "a duration has a unit", tries: []string{value + "s", value + "ms"}}
		case err != nil:
			return &valueError{what: "not a duration", tries: []string{"200ms", "30s", "5m"}}
		case v < 0:
			return &valueError{what: "a duration cannot be negative", tries: []string{strings.TrimPrefix(value, "-")}}
		}
		*d = v
		return nil
	}
}

// number reads into n.
func number(n *int64) func(string) error {
	return func(value string) error {
		v, err := strconv.ParseInt(value, 10, 64)
		if err != nil || v < 0 {
			return &valueError{what: "not a number of bytes", tries: []string{"1048576"}}
		}
		*n = v
		return nil
	}
}

// boolean reads into b.
func boolean(b *bool) func(string) error {
	return func(value string) error {
		v, err := strconv.ParseBool(value)
		if err != nil {
			return &valueError{what: "neither true nor false", tries: []string{"true"}}
		}
		*b = v
		return nil
	}
}

// choice reads one of words.
func choice(set func(word string), words ...string) func(string) error {
	return func(value string) error {
		for _, word := range words {
			if value == word {
				set(word)
				return nil
			}
		}
		tries := words
		if near := closest(value, words); near != "" {
			tries = []string{near}
		}
		return &valueError{what: "not one of " + strings.Join(words, ", "), tries: tries}
	}
}

// checkAddress looks at host:port without asking anybody whether they exist.
func checkAddress(address string) error {
	host, port, err := net.SplitHostPort(address)
	switch {
	case isNumber(address):
		return &valueError{what: "not host:port", tries: []string{":" + address}}
	case net.ParseIP(address) != nil:
		return &valueError{what: "not host:port", tries: []string{net.JoinHostPort(address, "9998")}}
	case err != nil && address != "" && !strings.ContainsAny(address, ":/- "):
		return &valueError{what: "not host:port", tries: []string{address + ":9998"}}
	case err != nil || strings.ContainsAny(address, "/ "):
		return &valueError{what: "not host:port", tries: []string{"localhost:9998", ":9998"}}
	case host == "*":
		return &valueError{what: "* is no host", tries: []string{":" + port}}
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return &valueError{what: "the port is not a number from 0 to 65535", tries: []string{host + ":9998"}}
	}
	return nil
}

// reason is the innermost error: "address already in use" without the calls around it.
func reason(err error) error {
	var path *os.PathError
	var call *os.SyscallError
	var op *net.OpError
	switch {
	case errors.As(err, &path):
		return path.Err
	case errors.As(err, &call):
		return call.Err
	case errors.As(err, &op):
		return op.Err
	}
	return err
}

// word reads any value into s.
func word(s *string) func(string) error {
	return func(value string) error {
		*s = value
		return nil
	}
}

// count reads into n.
func count(n *int) func(string) error {
	return func(value string) error {
		v, err := strconv.ParseUint(value, 10, 31)
		if err != nil {
			return &valueError{what: "not a number", tries: []string{"100"}}
		}
		*n = int(v)
		return nil
	}
}
