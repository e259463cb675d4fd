package command

import "maps"

// Table gives, for each command's path as a person types it ("versions list"), a function that
// makes its options with their defaults. The command line and the PowerShell door both read it.
func Table() map[string]func() Command {
	table := map[string]func() Command{
		"serve":               func() Command { return &Serve{} },
		"sync":                func() Command { return &Sync{} },
		"status":              func() Command { return &Status{} },
		"relationship":        func() Command { return &Relationship{} },
		"configuration get":   func() Command { return &ConfigurationGet{} },
		"configuration set":   func() Command { return &ConfigurationSet{} },
		"configuration reset": func() Command { return &ConfigurationReset{} },
		"versions list":       func() Command { return &VersionsList{} },
		"versions restore":    func() Command { return &VersionsRestore{} },
		"loss show":           func() Command { return &LossShow{} },
		"loss confirm":        func() Command { return &LossConfirm{} },
		"store adopt":         func() Command { return &StoreAdopt{} },
		"certificate create":  func() Command { return &CertificateCreate{} },
		"demo":                func() Command { return &Demo{} },
		"service install":     func() Command { return &ServiceInstall{} },
		"service uninstall":   func() Command { return &ServiceUninstall{} },
		"version":             func() Command { return &Version{} },
	}
	maps.Copy(table, chatCommands())
	return table
}
