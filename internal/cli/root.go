package cli

import (
	"bytes"

	"csbackup/internal/failure"

	"github.com/spf13/cobra"
)

// newRoot builds the whole command tree.
func newRoot(s *session) *cobra.Command {
	root := &cobra.Command{
		Use:   "csbackup",
		Short: "Keeps the conference content of two paired pools alike and carries Persistent Chat data",
		Long: "csbackup keeps the conference content of two paired pools alike, restores one from the other,\n" +
			"and exports and imports Persistent Chat data.",
		Example:       "  csbackup demo\n  csbackup status --pool-fqdn pool1.contoso.com",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return missing(cmd, args)
			}
			s.ended = true
			return cmd.Help()
		},
	}
	root.SuggestionsMinimumDistance = suggestionDistance
	s.global.addFlags(root.PersistentFlags())
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return failure.Wrap(failure.InvalidUsage, "", "The flags cannot be understood",
			"Run \""+cmd.CommandPath()+" --help\" to see the flags there are.", err)
	})
	addReplication(root, s)
	addRest(root, s)
	addChat(root, s)
	addCompletion(root, s)
	root.CompletionOptions.DisableDefaultCmd = true
	return root
}

// addCompletion adds the command that prints a shell's completion script.
func addCompletion(root *cobra.Command, s *session) {
	shells := map[string]func(*bytes.Buffer) error{
		"bash":       func(b *bytes.Buffer) error { return root.GenBashCompletionV2(b, true) },
		"zsh":        func(b *bytes.Buffer) error { return root.GenZshCompletion(b) },
		"fish":       func(b *bytes.Buffer) error { return root.GenFishCompletion(b, true) },
		"powershell": func(b *bytes.Buffer) error { return root.GenPowerShellCompletionWithDesc(b) },
	}
	root.AddCommand(&cobra.Command{
		Use:       "completion bash|zsh|fish|powershell",
		Short:     "Prints the script that completes csbackup's commands and flags in a shell",
		Example:   "  csbackup completion bash > /etc/bash_completion.d/csbackup\n  csbackup completion powershell | Out-String | Invoke-Expression",
		ValidArgs: []string{"bash", "zsh", "fish", "powershell"},
		Args:      cobra.MatchAll(cobra.ExactArgs(1), cobra.OnlyValidArgs),
		RunE: func(_ *cobra.Command, args []string) error {
			s.started = true
			var script bytes.Buffer
			if err := shells[args[0]](&script); err != nil {
				return err
			}
			if _, err := s.stdout.Write(script.Bytes()); err != nil {
				return failure.Wrap(failure.FileNotWritable, "", "The script could not be written", "Check where the output is sent to.", err)
			}
			return nil
		},
	})
}
