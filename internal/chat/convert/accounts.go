package convert

import (
	"cmp"
	"errors"
	"net/mail"
	"slices"
	"strings"
)

// Account is a person as chat systems know one.
type Account struct {
	*Person
	Username    string // lower case, only a-z 0-9 . - _, at most 64 bytes, each once
	Email       string // each once; that of a placeholder ends in @placeholder.invalid
	Placeholder bool
}

// maxUsername is the longest username in bytes that Mattermost takes; Slack takes such names, too.
const maxUsername = 64

// Accounts gives an account for everyone who wrote, and for those that members names for a room, in the order of
// their numbers. Several people with one address have one account.
func Accounts(p *Plan, members func(*Room) []int64) []Account {
	var numbers []int64
	for _, room := range p.Rooms {
		numbers = append(append(numbers, room.Authors...), members(room)...)
	}
	people := p.everyone(numbers)
	names := &Names{}
	names.Reserve("all", "channel", "here", "matterbot", "system")
	emails := map[string]bool{}
	accounts := make([]Account, 0, len(people))
	for _, mapped := range []bool{true, false} { // those with an address take their names first
		for _, one := range people {
			if mapped == (one.Address != "") {
				accounts = append(accounts, one.account(names, emails))
			}
		}
	}
	slices.SortFunc(accounts, func(a, b Account) int { return cmp.Compare(a.Number, b.Number) })
	return accounts
}

// account makes the account of a person.
func (p *Person) account(names *Names, emails map[string]bool) Account {
	a := Account{Person: p, Placeholder: p.Address == ""}
	local, _, isMail := strings.Cut(p.Address, "@")
	a.Username = names.Take(cmp.Or(username(local), username(nameOf(p.URI)), username(p.Name), "person"), maxUsername)
	switch {
	case isMail:
		a.Email = p.Address
	case !a.Placeholder && CheckMail(p.Email) == nil:
		a.Email = p.Email
	}
	if a.Email == "" || emails[strings.ToLower(a.Email)] {
		a.Email = a.Username + "@placeholder.invalid"
	}
	emails[strings.ToLower(a.Email)] = true
	return a
}

// username keeps of a text what a username can have.
func username(text string) string {
	return strings.Trim(strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '.' || r == '-' || r == '_':
			return r
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		}
		return -1
	}, text), ".-_")
}

// CheckMail tells whether a text is no address of mail.
func CheckMail(text string) error {
	parsed, err := mail.ParseAddress(text)
	if err != nil || parsed.Address != text || len(text) > 128 {
		return errors.New("it is no address of mail")
	}
	return nil
}

// Identities gives the people of principals, as Identity does, each once and without groups, in the order of
// their numbers.
func (p *Plan) Identities(numbers []int64) []*Person {
	return slices.DeleteFunc(p.everyone(numbers), func(one *Person) bool { return one.IsGroup() })
}

func (p *Plan) everyone(numbers []int64) []*Person {
	seen := map[int64]bool{}
	var people []*Person
	for _, n := range numbers {
		if one := p.Identity(p.Person(n)); !seen[one.Number] {
			seen[one.Number] = true
			people = append(people, one)
		}
	}
	slices.SortFunc(people, func(a, b *Person) int { return cmp.Compare(a.Number, b.Number) })
	return people
}
