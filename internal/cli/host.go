package cli

import (
	"os/signal"
	"syscall"

	"csbackup/internal/host"

	"github.com/spf13/cobra"
)

// addHost adds the door for the PowerShell module.
func addHost(root *cobra.Command, s *session) {
	root.AddCommand(&cobra.Command{
		Use:   "host",
		Short: "Carries out one JSON request from standard input, for the PowerShell module",
		Long: "Reads one request, a line of JSON, from standard input and writes events, JSON Lines, to\n" +
			"standard output; the last one is a result or an error. The end of standard input cancels.",
		Example: "  (echo '{\"protocol\":1,\"command\":\"version\",\"parameters\":{}}'; sleep 1) | csbackup host",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := s.global.check(); err != nil {
				return err
			}
			s.started = true
			log, closeLog, err := s.logger("host")
			if err != nil {
				return err
			}
			defer closeLog()
			s.ended = true
			// When the caller is gone, a write to it fails and cancels the command; the signal would end
			// the process before the command has cleaned up.
			signal.Ignore(syscall.SIGPIPE)
			return host.Serve(cmd.Context(), host.Options{
				Stdin: s.stdin, Stdout: s.stdout, Log: log, Lookup: s.lookup, Topology: s.global.Topology, Commands: s.table,
			})
		},
	})
}
