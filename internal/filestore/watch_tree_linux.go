package filestore

import (
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// watched is one folder that is watched.
type watched struct {
	name     string // the last component
	parent   *watched
	children map[string]*watched
	wd       int32
}

func (w *watched) path() string {
	var components []string
	for at := w; at.parent != nil; at = at.parent {
		components = append(components, at.name)
	}
	if len(components) == 0 {
		return "."
	}
	slices.Reverse(components)
	return strings.Join(components, "/")
}

// find gives the node of a name, and makes it, and those above, when it is to; nil when there is none.
func (w *treeWatcher) find(name string, make bool) *watched {
	at := w.top
	if name == "." {
		return at
	}
	for component := range strings.SplitSeq(name, "/") {
		next := at.children[component]
		if next == nil {
			if !make {
				return nil
			}
			next = &watched{name: component, parent: at, wd: -1}
			if at.children == nil {
				at.children = map[string]*watched{}
			}
			at.children[component] = next
		}
		at = next
	}
	return at
}

// place notes which watch is a folder's. What was below another folder in its place is no more.
func (w *treeWatcher) place(node *watched, wd int32) {
	if node.wd == wd {
		return
	}
	// First, so that the watch does not end with what is forgotten below: it may have been theirs.
	w.byWd[wd] = append(w.byWd[wd], node)
	for _, child := range node.children {
		w.detach(child)
	}
	w.unwatch(node)
	w.altered++
	node.wd = wd
}

// detach forgets a folder that is gone from its name, and all below.
func (w *treeWatcher) detach(node *watched) {
	if node == nil {
		return
	}
	for _, child := range node.children {
		w.detach(child)
	}
	w.unwatch(node)
	if node.parent != nil && node.parent.children[node.name] == node {
		delete(node.parent.children, node.name)
	}
}

// unwatch ends a folder's watch, unless the same folder is watched under another name, too.
func (w *treeWatcher) unwatch(node *watched) {
	wd := node.wd
	node.wd = -1
	w.altered++
	nodes, known := w.byWd[wd]
	if !known {
		return
	}
	nodes = slices.DeleteFunc(nodes, func(one *watched) bool { return one == node })
	if len(nodes) > 0 {
		w.byWd[wd] = nodes
		return
	}
	delete(w.byWd, wd)
	// It fails when the folder is gone already, and the watch with it.
	_, _ = unix.InotifyRmWatch(w.number, uint32(wd))
}
