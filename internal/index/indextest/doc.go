// Package indextest helps tests to prove how an index is used. It may import nothing of the project but index.
package indextest
