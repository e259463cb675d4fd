package convert

import (
	"slices"
	"strings"
)

// CategoryPath names the categories that a room is in, the uppermost first: "Company / Sales". It is "" for a room of
// which no category is known.
func (p *Plan) CategoryPath(room *Room) string {
	n := p.nodes[room.Number]
	if n == nil {
		return ""
	}
	var names []string
	for _, category := range p.above(n) {
		names = append(names, category.Name)
	}
	slices.Reverse(names)
	return strings.Join(names, " / ")
}
