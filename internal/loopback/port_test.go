package loopback_test

import (
	"net"
	"testing"

	"csbackup/internal/loopback"
)

func TestAnAddressIsFreeAndGivenOnce(t *testing.T) {
	given := map[string]bool{}
	for range 50 {
		address, err := loopback.FreeAddress()
		if err != nil || given[address] {
			t.Fatalf("got %s (%v), given before: %t", address, err, given[address])
		}
		given[address] = true
		listener, err := net.Listen("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer listener.Close()
	}
}
