package command

// chatCommands gives the commands that work on Persistent Chat data, for Table.
func chatCommands() map[string]func() Command {
	return map[string]func() Command{
		"chat export":          func() Command { return &ChatExport{} },
		"chat import":          func() Command { return &ChatImport{} },
		"chat verify":          func() Command { return &ChatVerify{} },
		"chat show":            func() Command { return &ChatShow{} },
		"chat categories":      func() Command { return &ChatCategories{} },
		"chat browse":          func() Command { return &ChatBrowse{} },
		"chat search":          func() Command { return &ChatSearch{} },
		"chat send-to-teams":   func() Command { return newChatSendToTeams() },
		"chat create-database": func() Command { return &ChatCreateDatabase{} },
		"chat convert":         func() Command { return &ChatConvert{Team: "persistent-chat"} },
	}
}
