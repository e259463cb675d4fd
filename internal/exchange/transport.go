package exchange

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"csbackup/internal/failure"
)

const (
	upgradeName = "csbackup-exchange"
	upgradePath = "/exchange/1"
)

// Handler upgrades an HTTPS request to a session and hands the connection on, with the names that the
// peer's verified certificate carries, in lower case. The connection is serve's to close.
func Handler(serve func(ctx context.Context, conn io.ReadWriteCloser, peerNames []string)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != upgradePath || r.Header.Get("Upgrade") != upgradeName || r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
			http.Error(w, "not a session of csbackup", http.StatusBadRequest)
			return
		}
		var names []string
		for _, n := range r.TLS.PeerCertificates[0].DNSNames {
			names = append(names, strings.ToLower(n))
		}
		conn, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			http.Error(w, "the connection cannot be used for a session", http.StatusInternalServerError)
			return
		}
		if err := conn.SetDeadline(time.Time{}); err != nil {
			conn.Close()
			return
		}
		if _, err := fmt.Fprintf(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: %s\r\n\r\n", upgradeName); err != nil {
			conn.Close()
			return
		}
		serve(r.Context(), &upgraded{Conn: conn, in: buffered.Reader}, names)
	})
}

// upgraded reads what the HTTP side had read ahead before it reads the connection.
type upgraded struct {
	net.Conn
	in *bufio.Reader
}

func (u *upgraded) Read(p []byte) (int, error) { return u.in.Read(p) }

// Dial opens a session with the service at an https URL. The error is a failure with advice.
func Dial(ctx context.Context, address string, config *tls.Config) (io.ReadWriteCloser, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return nil, failure.Wrap(failure.TopologyInvalid, address, "The service address "+address+" cannot be used", "Correct it in the topology file.", err)
	}
	host := u.Host
	if u.Port() == "" {
		host = net.JoinHostPort(u.Hostname(), "443")
	}
	config = config.Clone()
	config.NextProtos = []string{"http/1.1"}
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	conn, err := (&tls.Dialer{Config: config}).DialContext(ctx, "tcp", host)
	if err != nil {
		var network *net.OpError
		if errors.As(err, &network) && network.Op == "dial" {
			return nil, failure.Wrap(failure.ServiceUnreachable, address, "The Backup Service at "+address+" cannot be reached",
				"Start csbackup serve there, and check the name and the port.", err)
		}
		return nil, failure.Wrap(failure.PeerNotTrusted, address, "The Backup Service at "+address+" and this one do not trust each other",
			"Check that both certificates are valid, come from the same authority and name the pools of the topology.", err)
	}
	if deadline, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(deadline); err != nil {
			return nil, errors.Join(err, conn.Close())
		}
	}
	in := bufio.NewReader(conn)
	_, err = fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: %s\r\nContent-Length: 0\r\n\r\n", upgradePath, u.Host, upgradeName)
	var answer *http.Response
	if err == nil {
		answer, err = http.ReadResponse(in, nil)
	}
	if err == nil && answer.StatusCode != http.StatusSwitchingProtocols {
		err = fmt.Errorf("it answered %s", answer.Status)
	}
	if err == nil {
		err = conn.SetDeadline(time.Time{})
	}
	var alert *net.OpError
	if errors.As(err, &alert) && alert.Op == "remote error" { // with TLS 1.3 a refusal comes after the handshake
		conn.Close()
		return nil, failure.Wrap(failure.PeerNotTrusted, address, "The Backup Service at "+address+" does not accept this one's certificate",
			"Check that this service's certificate is valid, comes from the authority that the other side names with --ca, and names the pool of the topology.", err)
	}
	if err != nil {
		conn.Close()
		return nil, failure.Wrap(failure.ServiceUnreachable, address, "The program at "+address+" is no Backup Service of this version, or refused the session",
			"Check the address in the topology file, the certificates, and that both sides run the same version.", err)
	}
	return &upgraded{Conn: conn, in: in}, nil
}
