//go:build !windows

package manager

import "context"

// Run runs a service; where a service manager starts it as a service of a name, that one may stop it.
func Run(ctx context.Context, _ string, serve func(context.Context) error) error { return serve(ctx) }
