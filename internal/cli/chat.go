package cli

import "github.com/spf13/cobra"

// addChat adds the commands that work on Persistent Chat data.
func addChat(*cobra.Command, *session) {}
