package auth

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
)

// htpasswdHash is what htpasswd -nbB -C 5 ada 'correct horse' printed.
const htpasswdHash = "$2y$05$nTXfq6Ic.EthcEw4DZWjn.xnNKslyU1thzL1xHWNJS9i7e7LLDvhm"

func TestParseBasic(t *testing.T) {
	const add, again = "add a user with: htpasswd -B FILE USER", "has a password that is not hashed with bcrypt; set it again with: htpasswd -B FILE USER"
	good := hash(t, goodPassword)
	for _, row := range []struct {
		claim, file string
		want        any // how many, or the error
	}{
		{"one user", "ada:" + good, 1},
		{"comments, empty lines, lines of Windows", "# users\r\n\r\nada:" + good + "\r\n#eve:x\r\nbob:" + good + "\r\n", 2},
		{"2y, as htpasswd writes it", "ada:$2y" + good[3:], 1},
		{"2b, as OpenBSD writes it", "ada:$2b" + good[3:], 1},
		{"a user with a space and an umlaut", "Ada Löve:" + good, 1},
		{"nothing", "# nobody\n", "there is no user; " + add},
		{"no colon", "ada:" + good + "\n" + goodPassword, "line 2: not user:hash; " + add},
		{"no user", ":" + good, "line 1: not user:hash; " + add},
		{"no hash", "ada:", `line 1: user "ada" ` + again},
		{"plain text", "\nada:" + goodPassword, `line 2: user "ada" ` + again},
		{"MD5", "ada:$apr1$f7yjQ1nX$Cx4pX3NTwBqkVYbm4EoOg.", `line 1: user "ada" ` + again},
		{"SHA-1", "ada:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=", `line 1: user "ada" ` + again},
		{"the faulty 2x", "ada:$2x" + good[3:], `line 1: user "ada" ` + again},
		{"a hash that was cut", "ada:" + good[:59], `line 1: user "ada" ` + again},
		{"a hash with more behind it", "ada:" + good + ":x", `line 1: user "ada" ` + again},
		{"a cost of minutes", "ada:$2a$17" + good[6:], `line 1: user "ada" has a bcrypt hash whose cost is not 4 to 16; set the password again with: htpasswd -B -C 12 FILE USER`},
		{"a cost below bcrypt's", "ada:$2a$03" + good[6:], `line 1: user "ada" has a bcrypt hash whose cost is not 4 to 16; set the password again with: htpasswd -B -C 12 FILE USER`},
		{"a control character", "a\x01da:" + good, `line 1: user "a\x01da" has a control character, which no browser can send`},
		{"a user twice", "ada:" + good + "\nbob:" + good + "\nada:" + good, `line 3: user "ada" is there twice; delete a line`},
	} {
		t.Run(row.claim, func(t *testing.T) {
			got, err := ParseBasic([]byte(row.file))
			if err != nil {
				wantNoSecret(t, err.Error(), good[7:59])
				if err.Error() != row.want {
					t.Errorf("got %q, want %q", err, row.want)
				}
			} else if len(got.accounts) != row.want || len(got.byUser) != row.want {
				t.Errorf("got %d users, want %v", len(got.accounts), row.want)
			}
		})
	}
}

func TestHashOfHtpasswd(t *testing.T) {
	p := &Policy{Basic: must[*Basic](t)(ParseBasic([]byte("ada:" + htpasswdHash)))}
	if grant, refusal := p.Check(request("/", basic("ada", goodPassword))); refusal != nil || grant.User != "ada" {
		t.Errorf("got %+v, %+v", grant, refusal)
	}
	if _, refusal := p.Check(request("/", basic("ada", badPassword))); refusal == nil {
		t.Error("a wrong password passed")
	}
}

// TestLongUser: a name is cut for the log, not for the comparison.
func TestLongUser(t *testing.T) {
	name := strings.Repeat("a", 200)
	p := &Policy{Basic: users(t, name+"da", goodPassword)}
	if grant, refusal := p.Check(request("/", basic(name+"da", goodPassword))); refusal != nil || grant.User != name {
		t.Errorf("got %+v, %+v, want 200 bytes of the name", grant, refusal)
	}
	if grant, refusal := p.Check(request("/", basic(name, goodPassword))); refusal == nil {
		t.Errorf("got %+v for the beginning of a name", grant)
	}
}

// TestPasswordsThatBcryptTakesForOthers: bcrypt repeats what it is given, NUL included, and ignores what is over 72 bytes.
func TestPasswordsThatBcryptTakesForOthers(t *testing.T) {
	long := strings.Repeat("p", 72)
	p := &Policy{Basic: users(t, "ada", "abc", "bob", long)}
	for _, row := range []struct {
		claim, user, password, want string
	}{
		{"72 bytes", "bob", long, ""},
		{"73 bytes", "bob", long + "p", "the password is longer than 72 bytes, more than bcrypt takes"},
		{"73 bytes for a user who does not exist", "eve", long + "p", "the password is longer than 72 bytes, more than bcrypt takes"},
		{"NUL", "ada", "abc\x00abc", "the user or the password is not valid here"},
		{"NUL in a user", "ada\x00", "abc", "the user or the password is not valid here"},
		{"the password of another", "ada", long, "the user or the password is not valid here"},
	} {
		_, refusal := p.Check(request("/", basic(row.user, row.password)))
		got := ""
		if refusal != nil {
			got = refusal.Text
		}
		if got != row.want {
			t.Errorf("%s: got %q, want %q", row.claim, got, row.want)
		}
	}
}

// TestNobodyIsLikeSomebody: a user who does not exist is refused even with the password of the account that stands in.
func TestNobodyIsLikeSomebody(t *testing.T) {
	b := users(t, "ada", goodPassword)
	if b.compare(nil, "eve", goodPassword) {
		t.Error("eve passed as ada")
	}
	if !b.compare(b.byUser["ada"], "ada", goodPassword) {
		t.Error("ada was refused")
	}
}

// TestPasswordIsRemembered: once it was right, it needs no bcrypt, which is seen by there being no slot for one. A wrong
// password, and a right one of somebody else, still need one.
func TestPasswordIsRemembered(t *testing.T) {
	b := users(t, "ada", goodPassword, "bob", goodPassword)
	b.slots = make(chan struct{}, 1)
	p := &Policy{Basic: b}
	if _, refusal := p.Check(request("/", basic("ada", goodPassword))); refusal != nil {
		t.Fatal(refusal.Text)
	}
	b.slots <- struct{}{}
	if grant, refusal := p.Check(request("/", basic("ada", goodPassword))); refusal != nil || grant.User != "ada" {
		t.Errorf("got %+v, %+v", grant, refusal)
	}
	for _, credentials := range []string{basic("ada", badPassword), basic("bob", goodPassword), basic("eve", goodPassword)} {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, refusal := p.Check(request("/", credentials).WithContext(ctx))
		if refusal == nil || refusal.Status != http.StatusServiceUnavailable || refusal.Header.Get("Retry-After") == "" {
			t.Errorf("got %+v, want 503 and Retry-After", refusal)
		}
	}
	<-b.slots
	if _, refusal := p.Check(request("/", basic("ada", badPassword))); refusal == nil || refusal.Status != 401 {
		t.Errorf("got %+v, want 401", refusal)
	}
}

// TestWaitForBcryptEnds with the request that waits.
func TestWaitForBcryptEnds(t *testing.T) {
	b := users(t, "ada", goodPassword)
	b.slots = make(chan struct{}) // nobody gets one
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	done := make(chan *Refusal)
	go checkAda(&Policy{Basic: b}, ctx, done)
	cancel()
	if refusal := <-done; refusal == nil || refusal.Status != http.StatusServiceUnavailable {
		t.Errorf("got %+v, want 503", refusal)
	}
}

// TestWaitingForTheSamePassword: who waits while that password turns out right needs no bcrypt either. One would fail: the
// hash is gone by then.
func TestWaitingForTheSamePassword(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := users(t, "ada", goodPassword)
		b.slots = make(chan struct{}, 1)
		b.slots <- struct{}{}
		done := make(chan *Refusal)
		go checkAda(&Policy{Basic: b}, t.Context(), done)
		synctest.Wait()
		sum := b.sum("ada", goodPassword)
		b.accounts[0].right.Store(&sum)
		b.accounts[0].hash = nil
		<-b.slots
		if refusal := <-done; refusal != nil {
			t.Errorf("got %+v", refusal)
		}
	})
}

func checkAda(p *Policy, ctx context.Context, done chan<- *Refusal) {
	_, refusal := p.Check(request("/", basic("ada", goodPassword)).WithContext(ctx))
	done <- refusal
}

// TestManyAtOnce: a page that loads seventy files, and others who guess meanwhile.
func TestManyAtOnce(t *testing.T) {
	var pairs []string
	for i := range 5 {
		pairs = append(pairs, fmt.Sprint("user", i), fmt.Sprint("password", i))
	}
	p := &Policy{Basic: users(t, pairs...)}
	var all sync.WaitGroup
	for i := range 140 {
		all.Add(1)
		go tryOne(t, p, i, all.Done)
	}
	all.Wait()
	if got, most := len(slots), cap(slots); got != 0 || most == 0 {
		t.Errorf("got %d slots taken of %d, want none", got, most)
	}
}

// tryOne uses the right password if i is even.
func tryOne(t *testing.T, p *Policy, i int, done func()) {
	defer done()
	user := i / 2 % 5
	_, refusal := p.Check(request("/", basic(fmt.Sprint("user", user), fmt.Sprint("password", user+i%2))))
	if (refusal == nil) != (i%2 == 0) {
		t.Errorf("request %d: got %+v", i, refusal)
	}
}

// TestUnknownUsersCostWhatKnownOnesCost, for every cost there is: names that do not exist spread over the accounts.
func TestUnknownUsersCostWhatKnownOnesCost(t *testing.T) {
	b := users(t, "ada", "a", "bob", "b")
	seen := map[*account]bool{}
	for i := range 64 {
		name := fmt.Sprint("nobody", i)
		first, second := b.standIn(name), b.standIn(name)
		if first != second {
			t.Fatalf("%s is compared now with one account and now with another", name)
		}
		seen[first] = true
	}
	if len(seen) != 2 {
		t.Errorf("got %d accounts that stand in, want 2", len(seen))
	}
}
