package topology

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"csbackup/internal/failure"
	"csbackup/internal/module"
)

// Variable names the environment variable that stands in for --topology.
const Variable = "CSBACKUP_TOPOLOGY"

// maximumSize of a topology file in bytes.
const maximumSize = 1 << 20

// Topology is a checked set of pools.
type Topology struct {
	Path  string // the file that it was read from
	Pools []*Pool
}

// Find loads the file named by explicit (--topology), else by CSBACKUP_TOPOLOGY as lookup knows it;
// without either it fails with TopologyNotFound.
func Find(explicit string, lookup func(string) string) (*Topology, error) {
	path := explicit
	if path == "" {
		path = lookup(Variable)
	}
	if path == "" {
		return nil, failure.New(failure.TopologyNotFound, "", "No topology file was named",
			"Name the file in the environment variable "+Variable+", or with --topology FILE.")
	}
	return Load(path)
}

// Load reads and checks a topology file of at most 1 MiB. It fails with TopologyNotFound or with one
// TopologyInvalid that lists every mistake with its line.
func Load(path string) (*Topology, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, failure.Wrap(failure.TopologyNotFound, path, "The topology file does not exist",
			"Correct "+Variable+" or --topology.", err)
	}
	if err != nil {
		return nil, unreadable(path, err)
	}
	if !info.Mode().IsRegular() {
		return nil, unreadable(path, errors.New("it is not a regular file"))
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, unreadable(path, err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maximumSize+1))
	if err != nil {
		return nil, unreadable(path, err)
	}
	return parse(path, text)
}

func unreadable(path string, err error) error {
	return failure.Wrap(failure.FileNotReadable, path, "The topology file cannot be read",
		"Make the file readable for this account, or name another with --topology.", err)
}

// Pool gives the pool of that FQDN, in any case. It fails with PoolNotFound.
func (t *Topology) Pool(fqdn string) (*Pool, error) {
	names := make([]string, 0, len(t.Pools))
	for _, p := range t.Pools {
		if strings.EqualFold(p.FQDN, fqdn) {
			return p, nil
		}
		names = append(names, p.FQDN)
	}
	hint := "The topology has: " + strings.Join(names, ", ") + "."
	if near, ok := module.Nearest(fqdn, names); ok {
		hint = "Did you mean " + near + "? " + hint
	}
	return nil, failure.New(failure.PoolNotFound, fqdn, fmt.Sprintf("The topology has no pool %q", fqdn), hint)
}

// Partner gives the pool that p is paired with. It fails with PoolNotPaired.
func (t *Topology) Partner(p *Pool) (*Pool, error) {
	if p.BackupPool == "" {
		return nil, failure.New(failure.PoolNotPaired, p.FQDN, fmt.Sprintf("The pool %s has no backup pool", p.FQDN),
			"Name its partner as backupPool of both pools in the topology file.")
	}
	return t.Pool(p.BackupPool)
}
