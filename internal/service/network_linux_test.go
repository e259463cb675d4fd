package service_test

import (
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// network is two network namespaces with a line between them; each pool of a lab is served in one.
type network struct {
	*lab
	spaces map[string]string // names of the namespaces, by pool
}

func (n *network) ip(pool string, args ...string) {
	n.t.Helper()
	if out, err := exec.Command("ip", append([]string{"-n", n.spaces[pool]}, args...)...).CombinedOutput(); err != nil {
		n.t.Fatalf("ip %v: %v: %s", args, err, out)
	}
}

// newNetwork makes the namespaces and the line, or skips the test.
func newNetwork(t *testing.T) *network {
	t.Helper()
	l := newLab(t)
	n := &network{lab: l, spaces: map[string]string{}}
	id := fmt.Sprint(os.Getpid())
	for i, pool := range []string{one, two} {
		name := fmt.Sprintf("csb-%s-%d", id, i+1)
		if out, err := exec.Command("ip", "netns", "add", name).CombinedOutput(); err != nil {
			t.Skipf("no network namespace can be made here, which takes root and iproute2: %v: %s", err, out)
		}
		n.spaces[pool] = name
		t.Cleanup(func() {
			if out, err := exec.Command("ip", "netns", "del", name).CombinedOutput(); err != nil {
				t.Errorf("ip netns del: %v: %s", err, out)
			}
		})
	}
	n.ip(one, "link", "add", "line", "type", "veth", "peer", "name", "line", "netns", n.spaces[two])
	path := filepath.Join(l.dir, "pools.yaml")
	raw, err := os.ReadFile(path)
	l.check(err)
	lines := strings.Split(string(raw), "\n")
	for i, pool := range []string{one, two} {
		address := fmt.Sprintf("10.255.77.%d", i+1)
		n.ip(pool, "addr", "add", address+"/24", "dev", "line")
		n.ip(pool, "link", "set", "line", "up")
		before, after, _ := strings.Cut(lines[i+1], "https://")
		_, after, _ = strings.Cut(after, ",")
		lines[i+1] = before + "https://" + address + ":5077," + after
		l.check(os.RemoveAll(filepath.Join(l.dir, "certs", pool+".pem")))
		l.check(os.RemoveAll(filepath.Join(l.dir, "certs", pool+".key")))
	}
	l.check(os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o600))
	for _, pool := range []string{one, two} {
		l.must("certificate", "create", "--dir", filepath.Join(l.dir, "certs"), "--pool-fqdn", pool)
	}
	return n
}

// within starts a pool's service in its namespace and waits until it answers; commands take the local
// door, which is none of the network's.
func (n *network) within(pool string) *process {
	n.t.Helper()
	exe := n.exe
	n.exe = filepath.Join(n.dir, "within-"+pool)
	n.check(os.WriteFile(n.exe, []byte("#!/bin/sh\nexec ip netns exec "+n.spaces[pool]+" '"+exe+"' \"$@\"\n"), 0o755))
	p := n.start(pool)
	n.exe = exe
	n.until(pool+" answers", func() bool { return n.run("status", "--pool-fqdn", pool).code == 0 })
	return p
}

func (n *network) line(state string) { n.t.Helper(); n.ip(one, "link", "set", "line", state) }

// Two services on two hosts: the line between them goes down and comes back, between sessions and within
// one, with a service that goes down meanwhile, and it is slow. It is told, nothing is done twice or lost,
// and what waited arrives.
func TestP12_ALineThatIsCutAndSlow(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	n.write(one, "CollabContent/m/s", "content")
	n.write(two, "CollabContent/m/t", "content")
	n.within(one)
	second := n.within(two)
	n.must("configuration", "set", "--sync-interval", "00:00:05")
	n.synced(one)
	n.synced(two)
	n.wantAlike()

	n.line("down")
	n.write(one, "CollabContent/of one", "made while the line was down")
	n.write(two, "CollabContent/of two", "made while the line was down")
	n.write(one, "CollabContent/m/s", "changed here")
	n.write(two, "CollabContent/m/s", "changed there")
	for _, pool := range []string{one, two} {
		n.until(pool+" says that its partner is away", func() bool {
			s := n.status(pool)
			return s.ExportStatus == "ErrorState" && strings.Contains(s.Reason, "cannot be reached")
		})
	}
	n.line("up")
	n.both()

	// A line of 8 Mbit a second, cut while a large file is on its way.
	if out, err := exec.Command("tc", "-n", n.spaces[one], "qdisc", "add", "dev", "line", "root", "tbf", "rate", "8mbit", "burst", "64kb", "latency", "400ms").CombinedOutput(); err != nil {
		t.Logf("the line is as fast as it is: tc: %v: %s", err, out)
	}
	noise := make([]byte, 6<<20)
	if _, err := rand.Read(noise); err != nil {
		t.Fatal(err)
	}
	n.place(one, "CollabContent/recording", string(noise))
	n.must("sync", "--pool-fqdn", one)
	n.until("the recording is on its way", func() bool {
		return len(n.temporary(two)) > 0 || n.content(two)["CollabContent/recording"] != ""
	})
	n.line("down")
	n.check(second.Process.Signal(syscall.SIGKILL)) // it cannot say goodbye: the first one's end stays half open
	second.ended <- <-second.ended
	n.write(one, "CollabContent/more of one", "made while the line was down")
	n.line("up")
	n.within(two)
	n.both()
	if left := n.temporary(two); len(left) != 0 {
		t.Errorf("temporary files were left: %v", left)
	}
	kept := n.must("versions", "list", "--pool-fqdn", one).stdout + n.must("versions", "list", "--pool-fqdn", two).stdout
	if got := len(n.names(one)); got != 6 || strings.Count(kept, `"Kind":"conflict"`) != 1 || strings.Contains(kept, "recording") {
		t.Errorf("there are %d files, and kept versions: %s", got, kept)
	}
}

// both waits until both sides have everything and agree on it.
func (n *network) both() {
	n.t.Helper()
	for _, pool := range []string{one, two, one} {
		n.synced(pool)
	}
	n.wantAlike()
}
