package inflate

import "math/bits"

const (
	mostSymbols   = 286 // of literals and lengths; 288 where the codes are the fixed ones
	mostDistances = 30  // 32 where the codes are the fixed ones
	longestCode   = 15

	literalBits  = 11 // of a code that are looked up at once; longer codes go on in a second table
	distanceBits = 9
	lengthBits   = 7 // the longest code of the codes' lengths

	// A second table belongs to at least two codes, and has room for the longest.
	literalEntries  = 1<<literalBits + mostSymbols/2<<(longestCode-literalBits)
	distanceEntries = 1<<distanceBits + mostDistances/2<<(longestCode-distanceBits)
)

// entry says what a code stands for:
//
//	bits 0-5    how many bits the code has with its extra bits, or in the first table for going on in a second one
//	bits 8-11   how many bits the code has alone
//	bits 12-15  the flags below
//	bits 16-31  the literal, or the length or distance without the extra bits, or where the second table begins
type entry uint32

const (
	isLiteral entry = 1 << 15
	isSpecial entry = 1 << 14 // one of the two below, or no code
	isSecond  entry = 1 << 13
	isEnd     entry = 1 << 12
)

// size is how many bits are used up.
func (e entry) size() uint { return uint(e & 63) }

// with gives the value with the extra bits, which stand behind the code.
func (e entry) with(code uint64) int {
	return int(e>>16) + int(code&(1<<(e&63)-1)>>(e>>8&15))
}

// build fills a table for codes of these lengths, whose first so many bits are looked up at once. It refuses
// lengths that are not those of a whole prefix code; a single code of one bit may lack the other.
func build(table []entry, first uint, meanings []entry, lengths []byte) bool {
	var count [longestCode + 1]uint
	for _, length := range lengths {
		count[length]++
	}
	longest := uint(longestCode)
	for longest > 0 && count[longest] == 0 {
		longest--
	}
	fill(table[:1<<first])
	if longest == 0 {
		return true // only the use of a code is an error
	}
	var next [longestCode + 1]uint
	code := uint(0)
	for length := uint(1); length <= longest; length++ {
		code <<= 1
		next[length] = code
		code += count[length]
	}
	if code != 1<<longest && (code != 1 || longest != 1) {
		return false
	}
	free := uint(1) << first
	for symbol, length := range lengths {
		if length == 0 {
			continue
		}
		size := uint(length)
		reversed := uint(bits.Reverse16(uint16(next[size])) >> (16 - size))
		next[size]++
		part := table[:1<<first]
		if size > first {
			begin := &table[reversed&(1<<first-1)]
			if *begin == isSpecial {
				*begin = isSpecial | isSecond | entry(first) | entry(free)<<16
				free += 1 << (longestCode - first)
				fill(table[*begin>>16 : free])
			}
			part = table[*begin>>16:][:1<<(longestCode-first)]
			reversed, size = reversed>>first, size-first
		}
		for i := reversed; i < uint(len(part)); i += 1 << size {
			part[i] = meanings[symbol] + entry(size) + entry(size)<<8
		}
	}
	return true
}

// fill makes every entry say that there is no code.
func fill(table []entry) {
	for i := range table {
		table[i] = isSpecial
	}
}

// What the symbols stand for.
var (
	literalMeanings  [288]entry
	distanceMeanings [32]entry
	lengthMeanings   [19]entry // the symbols of the codes' lengths, which stand for themselves

	fixedLiterals  [literalEntries]entry
	fixedDistances [distanceEntries]entry
)

func init() {
	for i := range 256 {
		literalMeanings[i] = isLiteral | entry(i)<<16
	}
	literalMeanings[256] = isSpecial | isEnd
	length := entry(3)
	for i := range entry(28) {
		extra := max(i/4, 1) - 1
		literalMeanings[257+i] = length<<16 | extra
		length += 1 << extra
	}
	literalMeanings[285] = 258 << 16
	literalMeanings[286], literalMeanings[287] = isSpecial, isSpecial
	distance := entry(1)
	for i := range entry(mostDistances) {
		extra := max(i/2, 1) - 1
		distanceMeanings[i] = distance<<16 | extra
		distance += 1 << extra
	}
	distanceMeanings[30], distanceMeanings[31] = isSpecial, isSpecial
	for i := range entry(len(lengthMeanings)) {
		lengthMeanings[i] = i << 16
	}
	var lengths [288]byte
	for i := range lengths {
		switch {
		case i < 144, i >= 280:
			lengths[i] = 8
		case i < 256:
			lengths[i] = 9
		default:
			lengths[i] = 7
		}
	}
	build(fixedLiterals[:], literalBits, literalMeanings[:], lengths[:])
	for i := range 32 {
		lengths[i] = 5
	}
	build(fixedDistances[:], distanceBits, distanceMeanings[:], lengths[:32])
}
