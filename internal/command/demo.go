package command

import (
	"context"
	"os"

	"csbackup/internal/demo"
	"csbackup/internal/failure"

	"github.com/spf13/pflag"
)

// Demo shows the main job on this machine, start to end.
type Demo struct {
	Dir string // kept when named; otherwise a temporary folder that is removed
}

// AddFlags registers the command's flags.
func (o *Demo) AddFlags(flags *pflag.FlagSet) {
	flags.StringVar(&o.Dir, "dir", "", "work in this `folder` and keep it")
}

// Run carries out the demo; what it tells goes to standard output.
func (o *Demo) Run(ctx context.Context, env *Environment) error {
	executable, err := os.Executable()
	if err != nil {
		return failure.Wrap(failure.DemoFailed, "", "The demo cannot find its own executable", "Build csbackup to a file and run that.", err)
	}
	return demo.Run(ctx, demo.Options{Dir: o.Dir, Executable: executable, Out: env.Stdout})
}
