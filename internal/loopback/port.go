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

// FreeAddress is an address with a FreePort.
func FreeAddress() (string, error) {
	port, err := FreePort()
	return address(port), err
}

func address(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// FreePort gives a port of 127.0.0.1 on which nobody listens. It gives each port once, and processes that
// run side by side begin far from each other.
func FreePort() (int, error) {
	const spread = 12_361 // near the golden section of count: neighbouring numbers of processes end up far apart
	begin := os.Getpid() % count * spread % count
	for range count {
		port := first + (begin+int(handedOut.Add(1)))%count
		listener, err := net.Listen("tcp", address(port))
		if err == nil {
			return port, listener.Close()
		}
	}
	return 0, errors.New("no port of 127.0.0.1 is free")
}
