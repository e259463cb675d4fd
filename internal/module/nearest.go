package module

import "strings"

// longest bounds the work that a hostile name can cause.
const longest = 255

// Nearest gives the candidate that name was most likely meant to be, whatever its case; ok is false
// when none is within a third of the name's length in single-letter edits.
func Nearest(name string, candidates []string) (nearest string, ok bool) {
	if name == "" || len(name) > longest {
		return "", false
	}
	best := max(len(name)/3, 1) + 1
	for _, c := range candidates {
		if d := distance(strings.ToLower(name), strings.ToLower(c)); d < best {
			best, nearest = d, c
		}
	}
	return nearest, nearest != ""
}

// distance counts the insertions, deletions and replacements that turn a into b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
