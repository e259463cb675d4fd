package loopback

import (
	"errors"
	"net"
	"os"
	"strconv"
	"sync/atomic"
)

// Ports are taken from below those that systems give to callers: between the look at a port and the service's
// start, a connection of any other process could take one of those.
const first, count = 12_000, 20_000

var handedOut atomic.Uint32

// FreeAddress gives an address of 127.0.0.1 on which nobody listens. It gives each port once, and processes that
// run side by side begin far from each other.
func FreeAddress() (string, error) {
	const spread = 12_361 // near the golden section of count: neighbouring numbers of processes end up far apart
	begin := os.Getpid() % count * spread % count
	for range count {
		port := first + (begin+int(handedOut.Add(1)))%count
		listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err == nil {
			return listener.Addr().String(), listener.Close()
		}
	}
	return "", errors.New("no port of 127.0.0.1 is free")
}
