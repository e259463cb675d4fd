package command

import (
	"context"
	"path"
	"strings"
	"sync"
	"time"

	"csbackup/internal/admin"
	"csbackup/internal/failure"
	"csbackup/internal/settings"
	"csbackup/internal/topology"
)

const (
	nearestTimeout = 2 * time.Second  // for reading: who does not answer in time is left out
	changeTimeout  = 15 * time.Second // for changing: long enough for a slow line
)

// answer is what one pool's service said.
type answer[T any] struct {
	pool  *topology.Pool
	value T
	err   error
}

// ask calls the service of every pool that is paired at the same time and sends the answers as they come;
// the channel holds one for each. A pool without a partner has no Backup Service.
func ask[T any](ctx context.Context, env *Environment, c *Connection, all *topology.Topology,
	call func(context.Context, *admin.Client) (T, error)) <-chan answer[T] {
	answers := make(chan answer[T], len(all.Pools))
	files, runtimeDir := c.files(env), c.runtimeDir(env)
	var running sync.WaitGroup
	for _, pool := range all.Pools {
		if pool.BackupPool == "" {
			continue
		}
		running.Go(func() {
			one := answer[T]{pool: pool}
			client, err := admin.Dial(all, pool, files, runtimeDir)
			if err == nil {
				one.value, err = call(ctx, client)
				client.Close()
			}
			one.err = err
			answers <- one
		})
	}
	go func() {
		running.Wait()
		close(answers)
	}()
	return answers
}

// checkIdentity refuses any set of settings but Global, the only one there is.
func checkIdentity(identity string) error {
	if identity == "" || strings.EqualFold(identity, settings.Global) {
		return nil
	}
	return failure.New(failure.InvalidUsage, identity, "There are no settings called \""+identity+"\"", "The only set is Global.")
}

// matches tells whether the only identity fits a filter with wildcards, in any case.
func matches(filter string) (bool, error) {
	if filter == "" {
		return true, nil
	}
	fits, err := path.Match(strings.ToLower(filter), strings.ToLower(settings.Global))
	if err != nil {
		return false, failure.Wrap(failure.InvalidUsage, filter, "The filter cannot be read", "Use * and ? as wildcards, as in \"G*\".", err)
	}
	return fits, nil
}

// changeEverywhere makes a change at every service that answers. Those that do not are named in a
// warning; it is an error only when none did, or when a service refused the change itself.
func changeEverywhere(ctx context.Context, env *Environment, c *Connection, call func(context.Context, *admin.Client) error) error {
	all, err := topology.Find(env.Topology, env.Lookup)
	if err != nil {
		return err
	}
	ctx, stop := context.WithTimeout(ctx, changeTimeout)
	defer stop()
	var silent []*topology.Pool
	var first error
	took := map[string]bool{} // by the pool's name in lower case
	for one := range ask(ctx, env, c, all, func(ctx context.Context, client *admin.Client) (struct{}, error) {
		return struct{}{}, call(ctx, client)
	}) {
		switch {
		case one.err == nil:
			took[strings.ToLower(one.pool.FQDN)] = true
		case failure.KindOf(failure.Of(one.err).ID).ExitCode == failure.ExitUsage:
			return one.err
		default:
			silent = append(silent, one.pool)
			// A refusal says more than silence does.
			if first == nil || failure.ExitCode(one.err) == failure.ExitRefused {
				first = one.err
			}
		}
	}
	if len(took) > 0 {
		for _, pool := range silent {
			advice := "run the command again once its service runs."
			if took[strings.ToLower(pool.BackupPool)] {
				advice = "it takes it over from its partner once both run."
			}
			env.Sink.Warning("The change did not reach " + pool.FQDN + "; " + advice)
		}
		return nil
	}
	if failure.ExitCode(first) == failure.ExitRefused {
		return first
	}
	return failure.Wrap(failure.ServiceUnreachable, "", "No Backup Service took the change",
		"Start the service of at least one paired pool (csbackup serve) and try again.", first)
}
