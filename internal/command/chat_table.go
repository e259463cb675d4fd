package command

// chatCommands gives the commands that work on Persistent Chat data, for Table.
func chatCommands() map[string]func() Command { return nil }
