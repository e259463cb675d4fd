package manager

import (
	"context"
	"fmt"
	"net"
	"os"
	"strconv"
	"time"
)

// What systemd is told, in its own words.
const (
	Ready    = "READY=1"
	Stopping = "STOPPING=1"
	alive    = "WATCHDOG=1"
)

// Tell tells systemd how the service stands, where systemd asked for it with NOTIFY_SOCKET.
func Tell(state string) error {
	name := os.Getenv("NOTIFY_SOCKET")
	if name == "" {
		return nil
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		return fmt.Errorf("reach the service manager: %w", err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte(state)); err != nil {
		return fmt.Errorf("tell the service manager: %w", err)
	}
	return nil
}

// Watch tells systemd twice in each WATCHDOG_USEC that the service lives, as long as healthy says so
// and until the context ends. A service that does not is restarted by systemd.
func Watch(ctx context.Context, healthy func() bool) {
	every, err := strconv.ParseInt(os.Getenv("WATCHDOG_USEC"), 10, 64)
	if err != nil || every < 2 {
		return
	}
	ticker := time.NewTicker(time.Duration(every) * time.Microsecond / 2)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if healthy() {
			_ = Tell(alive) // who is not reached restarts the service, which is what this is for
		}
	}
}
