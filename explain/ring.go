package explain

// Bounds of what a session keeps: together a little over a megabyte.
const (
	maxRecords = 2048      // events
	maxArena   = 512 << 10 // bytes of Data
	maxVital   = 256       // events kept to the end whatever else comes
	maxHead    = 14        // bytes: the longest frame header
)

// ring keeps the newest events of a session, and of their Data the newest half megabyte. It grows as it is used and
// allocates nothing any more once it is full.
type ring struct {
	records []record
	next    int64 // Seq of the next event; the first is 1
	arena   []byte
	used    int64 // bytes ever put into arena
}

type record struct {
	event Event // without Data, Head and Key
	at    int64 // of Data, in all bytes ever put into the arena
	size  int
	head  [maxHead]byte
	heads int
}

// oldest is the Seq of the oldest event kept.
func (r *ring) oldest() int64 { return r.next - int64(len(r.records)) }

// add keeps a copy of e, which has the next Seq, and of its bytes.
func (r *ring) add(e *Event) {
	if len(r.records) < maxRecords {
		r.records = append(r.records, record{})
	}
	k := &r.records[(e.Seq-1)%maxRecords]
	k.heads = copy(k.head[:], e.Head)
	k.at, k.size = r.used, len(e.Data)
	r.put(e.Data)
	k.event = *e
	k.event.Head, k.event.Key, k.event.Data = nil, nil, nil
	r.next = e.Seq + 1
}

func (r *ring) put(p []byte) {
	r.used += int64(len(p))
	if free := maxArena - len(r.arena); free > 0 {
		n := min(free, len(p))
		r.arena = append(r.arena, p[:n]...)
		p = p[n:]
	}
	for len(p) > 0 {
		n := copy(r.arena[(r.used-int64(len(p)))%maxArena:], p)
		p = p[n:]
	}
}

// get is the event with this Seq, which the ring still has, with bytes of its own. Bytes that newer ones have
// replaced count as omitted.
func (r *ring) get(seq int64) Event {
	k := &r.records[(seq-1)%maxRecords]
	e := k.event
	if k.heads > 0 {
		e.Head = append([]byte(nil), k.head[:k.heads]...)
		if e.Masked && k.heads >= 4 {
			e.Key = e.Head[k.heads-4:]
		}
	}
	if r.used-k.at > maxArena {
		e.Omitted += int64(k.size)
		return e
	}
	if k.size > 0 {
		e.Data = make([]byte, k.size)
		n := copy(e.Data, r.arena[k.at%maxArena:])
		copy(e.Data[n:], r.arena)
	}
	return e
}
