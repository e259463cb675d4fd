package liar

import (
	"math"
	"path"
	"strings"

	"csbackup/internal/index"
)

// lie changes an item that would be an honest one.
type lie struct {
	name string
	// rough lies have the whole batch refused: on some sessions only.
	rough bool
	tell  func(l *Liar, it *index.Item, content *string)
}

// lies are what can be said of one item.
var lies = []lie{
	{"kind: a deletion", false, func(l *Liar, it *index.Item, _ *string) { l.becomes(it, index.Tombstone) }},
	{"kind: a folder", false, func(l *Liar, it *index.Item, _ *string) { l.becomes(it, index.Folder) }},
	{"kind: none that exists", true, func(l *Liar, it *index.Item, _ *string) { it.Kind = index.Kind(l.random.IntN(256)) }},
	{"content: none", false, func(_ *Liar, it *index.Item, content *string) { *content = ""; *it = filled(*it, "") }},
	{"content: a hash of nothing", false, func(_ *Liar, it *index.Item, _ *string) { it.Hash[3] ^= 0x40 }},
	{"content: the hash of another file", false, func(l *Liar, it *index.Item, _ *string) {
		if len(l.Items) > 0 {
			it.Hash = l.one().Hash
		}
	}},
	{"size: immense", false, func(_ *Liar, it *index.Item, _ *string) { it.Size = 1 << 62 }},
	{"size: negative", true, func(_ *Liar, it *index.Item, _ *string) { it.Size = -5 }},
	{"size: another one", false, func(l *Liar, it *index.Item, _ *string) { it.Size += int64(l.random.IntN(3)) - 1 }},
	{"time: the last one", false, func(_ *Liar, it *index.Item, _ *string) { it.ModTime = math.MaxInt64 }},
	{"time: the first one", false, func(_ *Liar, it *index.Item, _ *string) { it.ModTime = math.MinInt64 }},
	{"rights: all", false, func(_ *Liar, it *index.Item, _ *string) { it.Withheld = 0 }},
	{"rights: none", false, func(_ *Liar, it *index.Item, _ *string) { it.Withheld = 0o777 }},
	{"rights: more than there are", true, func(_ *Liar, it *index.Item, _ *string) { it.Withheld = 0o7777 }},
	{"vector: the victim's counter", false, func(l *Liar, it *index.Item, _ *string) { it.Vector = counted(it.Vector, l.Victim, l.number()) }},
	{"vector: his counter", false, func(l *Liar, it *index.Item, _ *string) { it.Vector = counted(it.Vector, l.Hello.Replica, l.number()) }},
	{"vector: what the victim has, of another content", false, func(l *Liar, it *index.Item, _ *string) { it.Vector = l.vectorOf(it.Path) }},
	{"vector: none", false, func(_ *Liar, it *index.Item, _ *string) { it.Vector = nil }},
	{"vector: one that knows of nothing", false, func(l *Liar, it *index.Item, _ *string) {
		it.Vector = index.Vector{{Replica: index.Replica(l.random.Uint64()), Counter: l.number()}}
	}},
	{"vector: as many replicas as fit", false, func(l *Liar, it *index.Item, _ *string) { it.Vector = l.crowd(it.Vector, 60) }},
	{"vector: too many replicas", true, func(l *Liar, it *index.Item, _ *string) { it.Vector = l.crowd(it.Vector, 70) }},
	{"vector: out of order", true, func(l *Liar, it *index.Item, _ *string) {
		it.Vector = append(it.Vector, index.Entry{Replica: 1, Counter: 1}, index.Entry{Replica: 1, Counter: 2})
	}},
	{"name: a long one", true, func(l *Liar, it *index.Item, _ *string) {
		it.Path += strings.Repeat("n", []int{250, 300, 4000, 5000, 40_000}[l.random.IntN(5)])
	}},
	{"name: many levels", true, func(l *Liar, it *index.Item, _ *string) {
		it.Path += strings.Repeat("/d", []int{60, 250, 300, 3000}[l.random.IntN(4)])
	}},
	{"name: never replicated", true, func(_ *Liar, it *index.Item, _ *string) { it.Path = path.Dir(it.Path) + "/meeting.Active" }},
	{"name: outside", true, func(l *Liar, it *index.Item, _ *string) {
		it.Path = []string{"Elsewhere/f", "../f", "/etc/f", it.Path + "/../../../../f", "f", "backup/BackupStore/DataConf/store.json", "C:/f", `CollabContent/..\..\f`}[l.random.IntN(8)]
	}},
	{"name: the root itself", true, func(l *Liar, it *index.Item, _ *string) { it.Path = l.Roots[l.random.IntN(len(l.Roots))] }},
	{"name: a twin", false, func(_ *Liar, it *index.Item, _ *string) {
		root, rest, _ := strings.Cut(it.Path, "/")
		it.Path = root + "/" + strings.ToUpper(rest)
	}},
	{"name: below a file", false, func(_ *Liar, it *index.Item, _ *string) { it.Path += "/below" }},
	{"name: a folder that is in use", false, func(_ *Liar, it *index.Item, _ *string) {
		if above := path.Dir(it.Path); strings.Contains(above, "/") {
			it.Path = above
		}
	}},
	{"name: none that a store can hold", false, func(l *Liar, it *index.Item, _ *string) {
		it.Path += []string{"\x00", "\xff\xfe", "/CON", ":stream", ".", " ", "\n", "//f", "/."}[l.random.IntN(9)]
	}},
}

// item is an honest change with up to three lies.
func (l *Liar) item() index.Item {
	it, content := l.plain()
	for range l.random.IntN(4) {
		one := lies[l.random.IntN(len(lies))]
		if one.rough && !l.rough {
			continue
		}
		one.tell(l, &it, &content)
		l.tells(one.name)
	}
	l.claim(it, content)
	return it
}

// displacing is a batch that takes all of a root, or much of it, from its place.
func (l *Liar) displacing() []index.Item {
	root := l.Roots[l.random.IntN(len(l.Roots))]
	way, most := l.random.IntN(3), l.chance(30)
	l.tells([]string{"batch: all is deleted", "batch: all becomes folders", "batch: all becomes empty"}[way])
	var items []index.Item
	for _, mine := range l.Items {
		if mine.Kind != index.File || !strings.HasPrefix(mine.Path, root+"/") || most && l.chance(20) {
			continue
		}
		it := filled(index.Item{Path: mine.Path, Kind: index.File, ModTime: 1}, "")
		switch way {
		case 0:
			l.becomes(&it, index.Tombstone)
		case 1:
			l.becomes(&it, index.Folder)
		}
		it.Vector = l.vectorOf(mine.Path).Bump(l.Hello.Replica)
		l.claim(it, "")
		items = append(items, it)
	}
	return items
}

// becomes makes an item one without a content.
func (l *Liar) becomes(it *index.Item, kind index.Kind) {
	it.Kind, it.Size, it.Hash, it.ModTime, it.Withheld = kind, 0, index.Hash{}, 0, 0
}

// counted is a vector with so many changes of a replica.
func counted(v index.Vector, of index.Replica, counter uint64) index.Vector {
	v = v.Bump(of)
	for i := range v {
		if v[i].Replica == of {
			v[i].Counter = counter
		}
	}
	return v
}

// crowd adds changes of replicas that never were.
func (l *Liar) crowd(v index.Vector, many int) index.Vector {
	for range many {
		v = v.Bump(index.Replica(l.random.Uint64()))
	}
	return v
}
