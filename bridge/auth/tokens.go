package auth

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"iter"
	"strings"
)

// Tokens are secrets that each let a request pass. Only their sums are kept.
type Tokens struct {
	sums [][sha256.Size]byte
}

const minToken = 16 // bytes

// ParseTokens reads tokens, one a line. Space around them, empty lines and lines that begin with # do not count. An error
// has the number of the line and never the token.
func ParseTokens(file []byte) (*Tokens, error) {
	t := &Tokens{}
	for n, token := range lines(file) {
		if wrong := tokenFault(token); wrong != "" {
			return nil, fmt.Errorf("line %d: the token %s; make one with: openssl rand -hex 32", n, wrong)
		}
		t.sums = append(t.sums, sha256.Sum256([]byte(token)))
	}
	if t.sums == nil {
		return nil, errors.New("there is no token; make one with: openssl rand -hex 32")
	}
	return t, nil
}

// tokenFault says why nobody could use token; "" if somebody could. A cookie can hold the characters that pass
// (RFC 6265 section 4.1.1); a subprotocol can hold fewer (RFC 9110 section 5.6.2: no slash and no equals sign).
func tokenFault(token string) string {
	switch {
	case strings.ContainsFunc(token, func(c rune) bool { return c <= ' ' || c >= 0x7F || strings.ContainsRune(`,;"'\`, c) }):
		return "has a space, comma, semicolon, quote, backslash, control or non-ASCII character, which no browser can send"
	case len(token) < minToken:
		return fmt.Sprintf("is shorter than %d characters", minToken)
	case len(token) > maxToken:
		return fmt.Sprintf("is longer than %d characters", maxToken)
	}
	return ""
}

// contain compares token with all of t and does not stop at one that is right: the time it takes tells nothing. Sums are
// compared, so that the length of a token tells nothing either.
func (t *Tokens) contain(token string) bool {
	sum := sha256.Sum256([]byte(token))
	found := 0
	for i := range t.sums {
		found |= subtle.ConstantTimeCompare(t.sums[i][:], sum[:])
	}
	return found == 1
}

var utf8Mark = []byte("\xEF\xBB\xBF") // some editors begin a file with it

// lines yields the lines of file that count, and their numbers.
func lines(file []byte) iter.Seq2[int, string] {
	return func(yield func(int, string) bool) {
		n := 0
		for line := range bytes.Lines(bytes.TrimPrefix(file, utf8Mark)) {
			n++
			text := strings.Trim(string(line), " \t\r\n")
			if text != "" && text[0] != '#' && !yield(n, text) {
				return
			}
		}
	}
}
