package auth

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/crypto/bcrypt"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds every wait of a test. Nothing asserts it.
const patience = time.Minute

// Secrets of the tests. None of them may be in anything that the package returns; see wantNoSecret.
const (
	goodToken    = "5d0e9c1a7b3f4e2d8c6a"
	otherToken   = "f00dfacef00dfacef00d"
	badToken     = "not-one-of-the-known-tokens"
	goodPassword = "correct horse"
	badPassword  = "battery staple"
	hmacSecret   = "b0IyvQ0nO3zBqfC4m1K5xW8dT2sR7uLa"
	otherSecret  = "Zq8xW3vB6nM1kJ4hG7fD2sA5pO9iU0yT"
)

var secrets = []string{goodToken, otherToken, badToken, goodPassword, badPassword, hmacSecret, otherSecret}

// wantNoSecret searches what people get to see.
func wantNoSecret(t testing.TB, text string, more ...string) {
	t.Helper()
	for _, secret := range append(more, secrets...) {
		if strings.Contains(text, secret) {
			t.Errorf("got %q, which has the secret %q", text, secret)
		}
	}
}

// wantPresentable: a Refusal's text is one line without secrets, and so are its headers.
func wantPresentable(t testing.TB, refusal *Refusal, more ...string) {
	t.Helper()
	all := refusal.Text
	for name, values := range refusal.Header {
		all += name + strings.Join(values, "")
	}
	if refusal.Text == "" || strings.ContainsFunc(all, func(c rune) bool { return c < ' ' }) {
		t.Errorf("got %q, want one line", all)
	}
	wantNoSecret(t, all, more...)
}

// request is a GET with headers such as "Cookie: a=b", in the order given.
func request(path string, headers ...string) *http.Request {
	r := httptest.NewRequest("GET", "http://bridge"+path, nil)
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		r.Header.Add(name, value)
	}
	return r
}

func basic(user, password string) string {
	r := request("/")
	r.SetBasicAuth(user, password)
	return "Authorization: " + r.Header.Get("Authorization")
}

func must[T any](t testing.TB) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func tokens(t testing.TB, lines string) *Tokens {
	t.Helper()
	return must[*Tokens](t)(ParseTokens([]byte(lines)))
}

// users is a Basic of cheap hashes: user, password, user, password.
func users(t testing.TB, pairs ...string) *Basic {
	t.Helper()
	var file strings.Builder
	for i := 0; i < len(pairs); i += 2 {
		file.WriteString(pairs[i] + ":" + hash(t, pairs[i+1]) + "\n")
	}
	return must[*Basic](t)(ParseBasic([]byte(file.String())))
}

func hash(t testing.TB, password string) string {
	t.Helper()
	return string(must[[]byte](t)(bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)))
}

func keys(t testing.TB, file string) *Keys {
	t.Helper()
	return must[*Keys](t)(ParseKeys([]byte(file)))
}
