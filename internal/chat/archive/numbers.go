package archive

import "slices"

// numbers is a set of whole numbers of 32 bits. It needs a few bytes for each, and 512 MiB for all that
// there are.
type numbers struct {
	pages []*page // by the upper half of the number; nil where nothing was added
}

// page holds the numbers that share their upper half: a few as a sorted list, many as bits.
type page struct {
	few  []uint16
	many *[1 << 10]uint64
}

// mostFew is how many numbers of a page are found fast enough in a list.
const mostFew = 1 << 9

func split(n int64) (upper, lower uint16) { return uint16(uint32(n) >> 16), uint16(uint32(n)) }

// add puts a number in, and tells whether it was not there before.
func (s *numbers) add(n int64) bool {
	upper, lower := split(n)
	if s.pages == nil {
		s.pages = make([]*page, 1<<16)
	}
	p := s.pages[upper]
	if p == nil {
		p = &page{}
		s.pages[upper] = p
	}
	if p.many != nil {
		bit := uint64(1) << (lower & 63)
		added := p.many[lower>>6]&bit == 0
		p.many[lower>>6] |= bit
		return added
	}
	at, found := slices.BinarySearch(p.few, lower)
	if found {
		return false
	}
	if len(p.few) < mostFew {
		p.few = slices.Insert(p.few, at, lower)
		return true
	}
	p.many = new([1 << 10]uint64)
	for _, one := range append(p.few, lower) {
		p.many[one>>6] |= 1 << (one & 63)
	}
	p.few = nil
	return true
}

// has tells whether a number is in the set.
func (s *numbers) has(n int64) bool {
	upper, lower := split(n)
	if s.pages == nil || s.pages[upper] == nil {
		return false
	}
	p := s.pages[upper]
	if p.many != nil {
		return p.many[lower>>6]&(1<<(lower&63)) != 0
	}
	_, found := slices.BinarySearch(p.few, lower)
	return found
}

// missingFrom gives a number of the set that another does not have.
func (s *numbers) missingFrom(other *numbers) (int64, bool) {
	for upper, p := range s.pages {
		if p == nil {
			continue
		}
		for _, lower := range p.few {
			if n := int64(int32(uint32(upper)<<16 | uint32(lower))); !other.has(n) {
				return n, true
			}
		}
		if p.many == nil {
			continue
		}
		for lower := range 1 << 16 {
			if p.many[lower>>6]&(1<<(lower&63)) == 0 {
				continue
			}
			if n := int64(int32(uint32(upper)<<16 | uint32(lower))); !other.has(n) {
				return n, true
			}
		}
	}
	return 0, false
}
