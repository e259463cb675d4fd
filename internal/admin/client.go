package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"net"
	"net/http"
	"strings"
	"time"

	"csbackup/internal/certificate"
	"csbackup/internal/failure"
	"csbackup/internal/settings"
	"csbackup/internal/topology"
)

const maxAnswer = 256 << 20

// Client asks one pool's service.
type Client struct {
	pool  string
	bases []string
	http  *http.Client
}

// Dial finds the way to a pool's service: the local socket where there is one, else the addresses of
// the topology with the caller's certificate.
func Dial(_ *topology.Topology, pool *topology.Pool, files certificate.Files, runtimeDir string) (*Client, error) {
	if there, open := local(runtimeDir, pool.FQDN); there && (open || files.Certificate == "") {
		transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return dialLocal(ctx, runtimeDir, pool.FQDN)
		}}
		return &Client{pool: pool.FQDN, bases: []string{"http://local"}, http: &http.Client{Transport: transport}}, nil
	}
	if files.Certificate == "" {
		return nil, failure.New(failure.ServiceNotRunning, pool.FQDN,
			fmt.Sprintf("No Backup Service of %s runs on this machine, and no certificate was given to ask for it elsewhere", pool.FQDN),
			fmt.Sprintf("Start it here: csbackup serve --pool-fqdn %s. Or give --certificate, --private-key and --ca to reach it at %s.", pool.FQDN, strings.Join(pool.Service, ", ")))
	}
	keys, err := certificate.Load(files)
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{TLSClientConfig: keys.ClientConfig(pool.Names()), TLSHandshakeTimeout: 10 * time.Second,
		DialContext: (&net.Dialer{Timeout: 5 * time.Second}).DialContext}
	c := &Client{pool: pool.FQDN, http: &http.Client{Transport: transport}}
	for _, base := range pool.Service {
		c.bases = append(c.bases, strings.TrimSuffix(base, "/"))
	}
	return c, nil
}

// Close lets go of the client's connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

func (c *Client) call(ctx context.Context, name string, asked request, result any) error {
	raw, err := json.Marshal(asked)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	var problem error
	for _, base := range c.bases {
		posted, err := http.NewRequestWithContext(ctx, http.MethodPost, base+prefix+name, bytes.NewReader(raw))
		if err != nil {
			return err
		}
		response, err := c.http.Do(posted)
		if err != nil {
			problem = c.unreachable(ctx, base, err)
			continue
		}
		return c.read(response, result)
	}
	return problem
}

func (c *Client) unreachable(ctx context.Context, base string, err error) error {
	var network *net.OpError
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return ctx.Err()
	case errors.Is(err, context.DeadlineExceeded):
		return failure.Wrap(failure.ServiceTimeout, c.pool, "The Backup Service of "+c.pool+" did not answer in time", "Look at its log, and try again.", err)
	case errors.Is(err, fs.ErrPermission):
		return failure.Wrap(failure.AccessDenied, c.pool, "This account may not ask the Backup Service of "+c.pool+" on this machine",
			"Run the command as root or Administrator, or give an administrator's certificate with --certificate, --private-key and --ca.", err)
	case errors.As(err, &network) && network.Op == "dial":
		return failure.Wrap(failure.ServiceNotRunning, c.pool, "The Backup Service of "+c.pool+" does not answer at "+base,
			"Start it: csbackup serve --pool-fqdn "+c.pool+", and look at its log if it does not stay.", err)
	}
	return failure.Wrap(failure.ServiceUnreachable, c.pool, "The Backup Service of "+c.pool+" could not be asked", "Check the certificates of both sides and the address in the topology file.", err)
}

func (c *Client) read(response *http.Response, result any) error {
	defer response.Body.Close()
	body := io.LimitReader(response.Body, maxAnswer)
	if response.StatusCode != http.StatusOK {
		var told refusal
		if err := json.NewDecoder(body).Decode(&told); err != nil || told.ID == "" {
			return failure.New(failure.ProtocolMismatch, c.pool, "What answers for "+c.pool+" is no Backup Service ("+response.Status+")", "Check the service address in the topology file.")
		}
		return &failure.Error{ID: failure.ID(told.ID), Message: told.Message, Hint: told.Hint, Target: told.Target}
	}
	if result == nil {
		return nil
	}
	if err := json.NewDecoder(body).Decode(result); err != nil {
		return failure.Wrap(failure.ProtocolMismatch, c.pool, "The answer of "+c.pool+" cannot be read", "Use the same version of csbackup on both machines.", err)
	}
	return nil
}

// Status asks how the modules stand; none named means all. With force a first failure to connect is
// no reason to wait any longer than without: it is accepted because the cmdlet has it.
func (c *Client) Status(ctx context.Context, modules []string, _ bool) (status Status, err error) {
	err = c.call(ctx, "status", request{Modules: modules}, &status)
	return status, err
}

// Sync asks for a full comparison and returns once it is accepted.
func (c *Client) Sync(ctx context.Context, modules []string) error {
	return c.call(ctx, "sync", request{Modules: modules}, nil)
}

// Settings asks for the settings in force.
func (c *Client) Settings(ctx context.Context) (v settings.Versioned, err error) {
	err = c.call(ctx, "settings", request{}, &v)
	return v, err
}

// SetSettings changes settings.
func (c *Client) SetSettings(ctx context.Context, change settings.Change) error {
	return c.call(ctx, "set", request{Change: &change}, nil)
}

// ResetSettings sets the defaults.
func (c *Client) ResetSettings(ctx context.Context) error {
	return c.call(ctx, "reset", request{}, nil)
}

// Versions goes through the kept versions of paths that begin with the given one, a page at a time: of each
// module the newest first.
func (c *Client) Versions(ctx context.Context, path string) iter.Seq2[Version, error] {
	return func(yield func(Version, error) bool) {
		for after := ""; ; {
			var page []Version
			if err := c.call(ctx, "versions", request{Path: path, After: after, Limit: VersionsPage}, &page); err != nil {
				yield(Version{}, err)
				return
			}
			for _, v := range page {
				if !yield(v, nil) {
					return
				}
				after = v.ID
			}
			if len(page) < VersionsPage {
				return
			}
		}
	}
}

// RestoreVersion brings a kept version back.
func (c *Client) RestoreVersion(ctx context.Context, id string) error {
	return c.call(ctx, "restore", request{ID: id}, nil)
}

// Loss asks what the loss brake holds.
func (c *Client) Loss(ctx context.Context, module string) (list []Loss, err error) {
	err = c.call(ctx, "loss", request{Module: module}, &list)
	return list, err
}

// ConfirmLoss lets one named plan of losses pass as deletions.
func (c *Client) ConfirmLoss(ctx context.Context, module, plan string) error {
	return c.call(ctx, "confirm", request{Module: module, Plan: plan}, nil)
}

// Adoption asks what adopting the pool's file store would mean.
func (c *Client) Adoption(ctx context.Context) (a Adoption, err error) {
	err = c.call(ctx, "adoption", request{}, &a)
	return a, err
}

// AdoptStore takes the file store over from the pool that the plan names.
func (c *Client) AdoptStore(ctx context.Context, plan string) error {
	return c.call(ctx, "adopt", request{Plan: plan}, nil)
}
