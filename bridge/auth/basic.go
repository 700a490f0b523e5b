package auth

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"regexp"
	"runtime"
	"strings"
	"sync/atomic"

	"golang.org/x/crypto/bcrypt"
)

// Basic is the users of a file that htpasswd -B wrote.
type Basic struct {
	accounts []*account
	byUser   map[string]*account
	key      []byte        // of the sums that are remembered; nobody else has it
	slots    chan struct{} // one is taken while a bcrypt runs
}

// account is one user. A page loads dozens of files, each with the same password; bcrypt is meant to be slow. So the
// password that was right is remembered, by its sum: one for each user.
type account struct {
	hash  []byte
	right atomic.Pointer[[]byte]
}

// slots bounds how many bcrypts run at once, whoever asks for them: half of the processors are left to the sessions,
// however many passwords strangers try.
var slots = make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2))

const (
	maxPassword = 72 // bytes; bcrypt takes no more
	maxCost     = 16 // some seconds; a bcrypt that runs cannot be stopped
)

// bcryptHash is what htpasswd (2y) and others (2a, 2b) write. 2x is that of an old fault.
var bcryptHash = regexp.MustCompile(`^\$2[aby]\$[0-9]{2}\$[./A-Za-z0-9]{53}$`)

// ParseBasic reads user:hash, one a line. Empty lines and lines that begin with # do not count. Hashes other than bcrypt's
// are an error. An error has the number of the line and the user, and never what follows the colon.
func ParseBasic(htpasswd []byte) (*Basic, error) {
	b := &Basic{byUser: map[string]*account{}, key: make([]byte, sha256.Size), slots: slots}
	rand.Read(b.key)
	for n, line := range lines(htpasswd) {
		user, hash, ok := strings.Cut(line, ":")
		if !ok || user == "" {
			return nil, fmt.Errorf("line %d: not user:hash; add a user with: htpasswd -B FILE USER", n)
		}
		if wrong := accountFault(user, hash); wrong != "" {
			return nil, fmt.Errorf("line %d: user %q %s", n, clip(user), wrong)
		}
		if b.byUser[user] != nil {
			return nil, fmt.Errorf("line %d: user %q is there twice; delete a line", n, clip(user))
		}
		a := &account{hash: []byte(hash)}
		b.byUser[user] = a
		b.accounts = append(b.accounts, a)
	}
	if b.accounts == nil {
		return nil, errors.New("there is no user; add a user with: htpasswd -B FILE USER")
	}
	return b, nil
}

// accountFault says what is wrong with a line of htpasswd; "" if nothing is.
func accountFault(user, hash string) string {
	if hasControl(user) {
		return "has a control character, which no browser can send"
	}
	if !bcryptHash.MatchString(hash) {
		return "has a password that is not hashed with bcrypt; set it again with: htpasswd -B FILE USER"
	}
	cost, err := bcrypt.Cost([]byte(hash))
	if err != nil || cost > maxCost {
		return fmt.Sprintf("has a bcrypt hash whose cost is not %d to %d; set the password again with: htpasswd -B -C 12 FILE USER", bcrypt.MinCost, maxCost)
	}
	return ""
}

// hasControl reports what neither a user nor a password may hold (RFC 7617 section 2). With NUL, bcrypt would take
// several passwords for the same.
func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(c rune) bool { return c < ' ' || c == 0x7F })
}

// check says why user and password are refused; "" if they are right. The error is ctx's, when it ended before there was
// time to find out.
func (b *Basic) check(ctx context.Context, user, password string) (why string, err error) {
	const wrong = "the user or the password is not valid here"
	switch {
	case len(password) > maxPassword:
		return fmt.Sprintf("the password is longer than %d bytes, more than bcrypt takes", maxPassword), nil
	case hasControl(user) || hasControl(password):
		return wrong, nil
	}
	sum := b.sum(user, password)
	a := b.byUser[user]
	if a.remembers(sum) {
		return "", nil
	}
	select {
	case b.slots <- struct{}{}:
		defer func() { <-b.slots }()
	case <-ctx.Done():
		return "", ctx.Err()
	}
	if a.remembers(sum) { // meanwhile: browsers ask for several files at once
		return "", nil
	}
	if !b.compare(a, user, password) {
		return wrong, nil
	}
	a.right.Store(&sum)
	return "", nil
}

// compare takes as long for a user who does not exist (a is nil) as for one who does.
func (b *Basic) compare(a *account, user, password string) bool {
	like := a
	if a == nil {
		like = b.standIn(user)
	}
	return bcrypt.CompareHashAndPassword(like.hash, []byte(password)) == nil && a != nil
}

// standIn is the account that a user who does not exist is compared with. It is always the same for the same name, so that
// costs vary among those who do not exist as they do among those who do.
func (b *Basic) standIn(user string) *account {
	return b.accounts[binary.BigEndian.Uint64(b.sum(user, ""))%uint64(len(b.accounts))]
}

// sum is of a user and a password that hold no NUL.
func (b *Basic) sum(user, password string) []byte {
	mac := hmac.New(sha256.New, b.key)
	mac.Write([]byte(user + "\x00" + password))
	return mac.Sum(nil)
}

func (a *account) remembers(sum []byte) bool {
	if a == nil {
		return false
	}
	right := a.right.Load()
	return right != nil && hmac.Equal(*right, sum)
}
