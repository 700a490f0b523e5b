package auth

import (
	"strings"
	"testing"
)

func TestParseTokens(t *testing.T) {
	const hint = "; make one with: openssl rand -hex 32"
	for _, row := range []struct {
		claim, file string
		want        any // how many, or the error
	}{
		{"one without a newline", goodToken, 1},
		{"two, comments and empty lines", "# tokens\n\n" + goodToken + "\n \t\n#" + otherToken + "\n" + badToken + "\n\n", 2},
		{"lines of Windows, and space around", "\xEF\xBB\xBF" + goodToken + " \r\n\t" + otherToken + "\r\n", 2},
		{"base64 with all it has", "ab+/ab+/ab+/ab==", 1},
		{"nothing", "", "there is no token" + hint},
		{"comments only", "#\n# " + goodToken + "\n", "there is no token" + hint},
		{"a short one", goodToken + "\n\nfifteen-letters", "line 3: the token is shorter than 16 characters" + hint},
		{"a long one", strings.Repeat("a", maxToken+1), "line 1: the token is longer than 8192 characters" + hint},
		{"a space", "#\n" + goodToken + " x", "line 2: " + unsendable},
		{"a comma", goodToken + ",x", "line 1: " + unsendable},
		{"a semicolon", goodToken + ";x", "line 1: " + unsendable},
		{"a quote", goodToken + "\n" + `"` + goodToken + `"`, "line 2: " + unsendable},
		{"a single quote", "'" + goodToken + "'", "line 1: " + unsendable},
		{"a backslash", goodToken + `\x`, "line 1: " + unsendable},
		{"NUL", goodToken + "\x00", "line 1: " + unsendable},
		{"a carriage return inside", goodToken + "\rx", "line 1: " + unsendable},
		{"DEL", goodToken + "\x7F", "line 1: " + unsendable},
		{"an umlaut", goodToken + "ü", "line 1: " + unsendable},
		{"no UTF-8", goodToken + "\xFF", "line 1: " + unsendable},
	} {
		t.Run(row.claim, func(t *testing.T) {
			got, err := ParseTokens([]byte(row.file))
			if err != nil {
				wantNoSecret(t, err.Error(), "fifteen-letters")
				if err.Error() != row.want {
					t.Errorf("got %q, want %q", err, row.want)
				}
			} else if len(got.sums) != row.want {
				t.Errorf("got %d tokens, want %v", len(got.sums), row.want)
			}
		})
	}
}

const unsendable = "the token has a space, comma, semicolon, quote, backslash, control or non-ASCII character, which no browser can send; make one with: openssl rand -hex 32"

// TestEveryTokenOfAFileIsValid, wherever in the file it stands.
func TestEveryTokenOfAFileIsValid(t *testing.T) {
	known := []string{goodToken, otherToken, "ab+/ab+/ab+/ab=="}
	p := &Policy{Tokens: tokens(t, strings.Join(known, "\n"))}
	for _, token := range known {
		if _, refusal := p.Check(request("/", "Authorization: Bearer "+token)); refusal != nil {
			t.Errorf("got %q for %q", refusal.Text, token)
		}
	}
}
