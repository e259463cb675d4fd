package archive

import (
	"context"
	"fmt"
	"io"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"csbackup/internal/chat/schema"
)

// Summary says what is in an archive that was proven.
type Summary struct {
	Manifest   Manifest
	Categories int64 // rows of tblNode
	Rooms      int64 // rows of tblNode
	People     int64 // rows of tblPrincipal
	Messages   int64
	Alerts     int64     // messages that are alerts
	WithRTF    int64     // messages that have RTF
	ChatRooms  int64     // rooms that have messages
	Talk       *Talk     // nil where more than 1,048,576 rooms have messages, or so many people wrote them
	First      time.Time // the earliest message; zero where there is none, or its ticks are no date
	Last       time.Time // the latest message, likewise
	Dangling   []Dangling
	Months     []Month // those that have messages, the earliest first
	Files      int64   // uploaded files
	FileBytes  int64
	Size       int64 // of all content, in bytes
	Packed     int64 // of all content, compressed
}

// Verify proves everything about an archive that can be known without a database, on all cores: the sums,
// sizes and counts of all members, that every value parses and fits its column, the order of the rows,
// that no key is there twice, and that every number of a node or principal is explained; and it counts
// the other references that lead nowhere. It calls progress, which may be nil, from one goroutine at a time with
// the bytes of content that are done and that there are.
func (a *Archive) Verify(ctx context.Context, progress func(done, total int64)) (Summary, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	v := verification{archive: a, ctx: ctx, report: progress, spans: map[int]span{}, talk: newTalk()}
	for _, m := range a.manifest.Members {
		v.summary.Size += m.Size
		v.summary.Packed += m.PackedSize
	}
	v.summary.Manifest = a.manifest
	first, rest := v.turns()
	for _, n := range first {
		if err := v.member(n); err != nil {
			return Summary{}, err
		}
	}
	if err := v.explained(); err != nil {
		return Summary{}, err
	}
	if err := v.parallel(cancel, rest); err != nil {
		return Summary{}, err
	}
	if err := v.roomsInOrder(); err != nil {
		return Summary{}, err
	}
	slices.SortFunc(v.summary.Dangling, byColumn)
	return v.summary, nil
}

// verification is what one Verify knows. What several goroutines change is behind the mutex.
type verification struct {
	archive    *Archive
	ctx        context.Context
	nodes      known
	principals known
	targets    targets

	mutex    sync.Mutex
	report   func(done, total int64)
	done     int64
	reported int64
	summary  Summary
	spans    map[int]span // of the parts of the messages, by the member with the facts
	talk     *talk
	months   Months
}

// span is what one part of the messages holds.
type span struct {
	first, last         Room
	firstChat, lastChat int64
	rooms, messages     int64
	alerts, withRTF     int64
	earliest, latest    int64 // chatDate
}

// turns lists the members that others refer to, which must be read first, and the rest.
func (v *verification) turns() (first, rest []int) {
	v.targets, first = newTargets(v.archive)
	explains := []string{tableMember("tblNode"), nodesMember, tableMember("tblPrincipal"), principalsMember}
	for _, name := range explains {
		if n := v.archive.find(name); n >= 0 {
			first = append(first, n)
		}
	}
	for n, m := range v.archive.manifest.Members {
		if !slices.Contains(first, n) && !m.isTexts() {
			rest = append(rest, n)
		}
	}
	return first, rest
}

// parallel proves members on all cores and gives the error of the first one that is not right.
func (v *verification) parallel(cancel func(), members []int) error {
	var failed error
	next := 0
	var wait sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(members)) {
		wait.Go(func() {
			for {
				v.mutex.Lock()
				if next == len(members) || failed != nil {
					v.mutex.Unlock()
					return
				}
				n := members[next]
				next++
				v.mutex.Unlock()
				if err := v.member(n); err != nil {
					v.mutex.Lock()
					if failed == nil {
						failed = err
					}
					v.mutex.Unlock()
					cancel()
					return
				}
			}
		})
	}
	wait.Wait()
	return failed
}

// member proves one member, or one part of the messages.
func (v *verification) member(n int) error {
	if v.archive.manifest.Members[n].isFacts() {
		return v.messages(n)
	}
	c := v.archive.content(v.ctx, n)
	c.read = v.progress
	l := lines{from: c}
	var err error
	switch name := c.member.Name; {
	case c.member.File != nil:
		err = v.file(c)
	case strings.HasPrefix(name, "tables/"):
		t, _ := schema.Lookup(strings.TrimSuffix(strings.TrimPrefix(name, "tables/"), ".jsonl"))
		err = v.table(&l, c.member, t)
	default:
		err = v.references(&l, c.member)
	}
	return v.archive.explain(c, l.number, err)
}

func (v *verification) file(c *content) error {
	size, err := io.Copy(io.Discard, c)
	v.mutex.Lock()
	defer v.mutex.Unlock()
	v.summary.Files++
	v.summary.FileBytes += size
	return err
}

// progress counts content and reports it about once a mebibyte.
func (v *verification) progress(n int) {
	if v.report == nil {
		return
	}
	v.mutex.Lock()
	defer v.mutex.Unlock()
	v.done += int64(n)
	if v.done-v.reported >= 1<<20 || v.done == v.summary.Size {
		v.reported = v.done
		v.report(v.done, v.summary.Size)
	}
}

// refers lists the columns of a table that hold numbers of nodes and of principals.
func refers(t schema.Table) (nodes, principals []int) {
	if t.Database != schema.Chat {
		return nil, nil
	}
	for i, c := range t.Columns {
		for _, r := range t.References {
			switch {
			case r.Column != c.Name:
			case r.Table == "tblNode" && r.Target == "nodeID":
				nodes = append(nodes, i)
			case r.Table == "tblPrincipal" && r.Target == "prinID":
				principals = append(principals, i)
			}
		}
	}
	return nodes, principals
}

func (v *verification) table(l *lines, m Member, t schema.Table) error {
	check := newRowCheck(t)
	keys := newKeySet(check, m.Rows)
	nodes, principals := refers(t)
	leads := v.targets.checker(t)
	categories := int64(0)
	err := readRows(l, m.Rows, t.Columns, true, func(row []any) error {
		if err := check.check(row); err != nil {
			return err
		}
		if err := keys.add(row); err != nil {
			return err
		}
		switch t.Name {
		case "tblNode":
			categories += row[3].(int64)
			if err := v.nodes.define(row[0].(int64), row[1]); err != nil {
				return err
			}
		case "tblPrincipal":
			if err := v.principals.define(row[0].(int64), row[1]); err != nil {
				return err
			}
		}
		leads.row(row)
		return v.refer(row, nodes, principals)
	})
	if err != nil {
		return err
	}
	v.mutex.Lock()
	defer v.mutex.Unlock()
	v.summary.Dangling = append(v.summary.Dangling, leads.dangling()...)
	switch t.Name {
	case "tblNode":
		v.summary.Categories, v.summary.Rooms = categories, m.Rows-categories
	case "tblPrincipal":
		v.summary.People = m.Rows
	}
	return nil
}

func (v *verification) refer(row []any, nodes, principals []int) error {
	for _, i := range nodes {
		if n, ok := row[i].(int64); ok && !v.nodes.refer(n) {
			return fmt.Errorf("nothing says what node %d is", n)
		}
	}
	for _, i := range principals {
		if n, ok := row[i].(int64); ok && !v.principals.refer(n) {
			return fmt.Errorf("nothing says what principal %d is", n)
		}
	}
	return nil
}

func (v *verification) references(l *lines, m Member) error {
	table, order, which := referenceTables[m.Name], numberOrder{}, &v.principals
	if m.Name == nodesMember {
		which = &v.nodes
	}
	return readRows(l, m.Rows, table, true, func(row []any) error {
		if err := table.check(row); err != nil {
			return err
		}
		number := row[0].(int64)
		if err := order.next(number); err != nil {
			return err
		}
		return which.define(number, row[1])
	})
}

// explained closes the lists of nodes and principals: from here on all that is referred to must be there.
func (v *verification) explained() error {
	if n, ok := v.nodes.close(); !ok {
		return damaged(v.archive.target, fmt.Sprintf("nothing says what node %d is, or its GUID is there twice", n), nil)
	}
	if n, ok := v.principals.close(); !ok {
		return damaged(v.archive.target, fmt.Sprintf("nothing says what principal %d is, or its GUID is there twice", n), nil)
	}
	return nil
}

// messages proves one part of the messages: the n-th member and the texts before it.
func (v *verification) messages(n int) error {
	p := v.archive.messages(v.ctx, n)
	p.facts.read, p.texts.read, p.decoder.proof = v.progress, v.progress, true
	s := span{earliest: math.MaxInt64, latest: math.MinInt64}
	part, author, months := newTalk(), int64(0), Months{}
	err := readMessages(&p.factLines, p.facts.member, &p.decoder, func(r Room) error {
		if s.rooms == 0 {
			s.first = r
		}
		s.rooms, s.last = s.rooms+1, r
		part.begin(r.ID)
		return v.nodes.names(r)
	}, func(m *Message) error {
		if s.messages == 0 {
			s.firstChat = m.ChatID
		}
		if s.messages == 0 || m.UserID != author {
			author = m.UserID
			part.from(author)
			if !v.principals.refer(author) {
				return fmt.Errorf("nothing says what principal %d is", author)
			}
		}
		s.messages++
		part.add(1, m.ChatID)
		months.Add(m.ChatDate)
		s.lastChat, s.earliest, s.latest = m.ChatID, min(s.earliest, m.ChatDate), max(s.latest, m.ChatDate)
		if m.Alert {
			s.alerts++
		}
		if m.HasRTF {
			s.withRTF++
		}
		return nil
	})
	v.mutex.Lock()
	defer v.mutex.Unlock()
	v.spans[n] = s
	v.talk.join(part)
	v.months.Join(&months)
	return p.explain(err)
}

// roomsInOrder proves the order of the messages from part to part, and sums them up, once all are read.
func (v *verification) roomsInOrder() error {
	var before *span
	earliest, latest := int64(math.MaxInt64), int64(math.MinInt64)
	for n, m := range v.archive.manifest.Members {
		if !m.isFacts() {
			continue
		}
		here := v.spans[n]
		v.summary.ChatRooms += here.rooms
		if before != nil && before.last.ID == here.first.ID {
			if before.last != here.first || here.firstChat <= before.lastChat {
				return damaged(v.archive.target, fmt.Sprintf("the messages of room %d are not in their order", here.first.ID), nil)
			}
			v.summary.ChatRooms--
		}
		before = &here
		v.summary.Messages += here.messages
		v.summary.Alerts += here.alerts
		v.summary.WithRTF += here.withRTF
		earliest, latest = min(earliest, here.earliest), max(latest, here.latest)
	}
	v.summary.Talk, v.summary.Months = v.talk.done(), v.months.List()
	if before != nil {
		v.summary.First, v.summary.Last = Time(earliest), Time(latest)
	}
	return nil
}

// Time is the UTC time that a chatDate stands for: ticks of 100 ns since 0001-01-01. Ticks that are no
// date of that count give the zero time.
func Time(ticks int64) time.Time {
	const toUnix = 62_135_596_800 // seconds from 0001-01-01 to 1970-01-01
	if ticks < 0 {
		return time.Time{}
	}
	return time.Unix(ticks/second-toUnix, ticks%second*100).UTC()
}
