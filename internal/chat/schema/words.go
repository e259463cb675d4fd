package schema

// words say in the language of people what the rows of each table are.
var words = map[string]string{
	"tblPrincipalType":             "Kinds of people and groups",
	"tblPrincipal":                 "People and groups",
	"tblADCookie":                  "Bookmarks of directory synchronization",
	"tblPrincipalMemberDifference": "Waiting changes of group members",
	"tblADUpdates":                 "Waiting changes of the directory",
	"tblPrincipalMembers":          "Members of groups",
	"tblPrincipalMeta":             "People and groups to read again",
	"tblSkippedAffiliations":       "Affiliations that could not be read",
	"tblPrincipalAffiliations":     "Who belongs to which group",
	"tblRoleType":                  "Kinds of roles",
	"tblSiopWhiteList":             "Add-ins of rooms",
	"tblEnumAttribute":             "Names of settings",
	"tblEnumValue":                 "Values of settings",
	"tblNode":                      "Rooms and categories",
	"tblScopePrincipal":            "Who may be a member",
	"tblPrincipalRole":             "Members, managers and presenters",
	"tblPrincipalInvites":          "Invitations",
	"tblChat":                      "Messages",
	"tblLastInviteId":              "Counters of invitations",
	"tblLastChatId":                "Counters of messages",
	"tblPreference":                "Preferences",
	"tblFileToken":                 "Tokens for uploads",
	"tblServerIdentity":            "Running servers",
	"tblAdminLock":                 "Administrators' locks",
	"tblSystemRevision":            "Revision of the service",
	"tblActivePeers":               "Connections between servers",
	"tblConfig":                    "Configuration",
	"tblComplianceData":            "Compliance events",
	"tblComplianceFanout":          "Deliveries of compliance events",
	"tblComplianceParticipant":     "Participants for compliance",
	"tblComplianceState":           "State of compliance",
}

// Words names a table in the language of people; a table that is not published keeps its own name.
func Words(table string) string {
	if text, known := words[table]; known {
		return text
	}
	return table
}
