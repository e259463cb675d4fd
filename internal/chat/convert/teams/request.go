package teams

import (
	"strings"
	"time"
)

// Names of the files in a folder.
const (
	InfoName     = "requests.json"
	TeamsName    = "teams.jsonl"
	ChannelsName = "channels.jsonl"
)

// Kind and Version are what InfoName says of itself.
const (
	Kind    = "csbackup-teams-requests"
	Version = 1
)

// Info is the content of InfoName.
type Info struct {
	Format   string `json:"format"`  // Kind
	Version  int    `json:"version"` // Version
	ID       string `json:"id"`      // of the folder; each team's description ends with it
	Teams    int64  `json:"teams"`
	Channels int64  `json:"channels"`
	Messages int64  `json:"messages"` // of the archive; long ones become several requests
}

// Team is a line of TeamsName.
type Team struct {
	Key     string   `json:"key"`
	Create  NewTeam  `json:"create"` // the body of POST /teams
	Members []Member `json:"members"`
}

// NewTeam is a body that makes a team in migration mode.
type NewTeam struct {
	Mode        string `json:"@microsoft.graph.teamCreationMode"`
	Template    string `json:"template@odata.bind"`
	DisplayName string `json:"displayName"`
	Description string `json:"description"`
	Visibility  string `json:"visibility"`
	Created     string `json:"createdDateTime"`
}

// Channel is a line of ChannelsName.
type Channel struct {
	Key     string     `json:"key"`
	Team    string     `json:"team"` // its key
	Private bool       `json:"private"`
	Create  NewChannel `json:"create"` // the body of POST /teams/{id}/channels
	// Start is the body of startMigration, for a private channel.
	Start   *Start   `json:"start,omitempty"`
	Members []Member `json:"members"` // of a private channel, besides the owner who makes it
	File    string   `json:"file"`    // with the messages
}

// NewChannel is a body that makes a channel: a standard one in migration mode, or a private one.
type NewChannel struct {
	Mode        string   `json:"@microsoft.graph.channelCreationMode,omitempty"`
	DisplayName string   `json:"displayName"`
	Description string   `json:"description,omitempty"`
	Membership  string   `json:"membershipType"`
	Created     string   `json:"createdDateTime,omitempty"`
	Members     []Member `json:"members,omitempty"`
}

// Start is the body of startMigration.
type Start struct {
	Created string `json:"conversationCreationDateTime"`
}

// Member is a body that adds a member to a team or a private channel.
type Member struct {
	Type  string   `json:"@odata.type"`
	Roles []string `json:"roles"`
	User  string   `json:"user@odata.bind"`
}

// User is who a message comes from.
type User struct {
	ID          string `json:"id"`
	DisplayName string `json:"displayName"`
	Type        string `json:"userIdentityType"`
}

// From is the author of a message.
type From struct {
	User User `json:"user"`
}

// Body is the content of a message.
type Body struct {
	Type    string `json:"contentType"`
	Content string `json:"content"`
}

// Message is a line of a channel's file: the body of POST /teams/{id}/channels/{id}/messages.
type Message struct {
	Created    string `json:"createdDateTime"`
	Importance string `json:"importance,omitempty"`
	From       From   `json:"from"`
	Body       Body   `json:"body"`
}

// GraphURL is where Graph is for most tenants. Addresses in bodies begin with it; package send puts that of another
// cloud in its place.
const GraphURL = "https://graph.microsoft.com/v1.0"

// newMember makes the body that adds a user.
func newMember(id string, owner bool) Member {
	roles := []string{}
	if owner {
		roles = append(roles, "owner")
	}
	return Member{"#microsoft.graph.aadUserConversationMember", roles, GraphURL + "/users('" + id + "')"}
}

// stamp gives a time as Graph takes it.
func stamp(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000Z") }

// isObjectID tells whether a text is an id of Microsoft Entra ID, a GUID.
func isObjectID(text string) bool {
	if len(text) != 36 {
		return false
	}
	for i, c := range []byte(strings.ToLower(text)) {
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if c != '-' {
				return false
			}
		} else if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
