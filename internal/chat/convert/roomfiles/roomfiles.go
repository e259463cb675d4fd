package roomfiles

import (
	"errors"
	"fmt"
	"io"
	"time"

	"csbackup/internal/chat/convert"
)

// rules are those of both formats.
var rules = convert.Rules{Folder: true, Zip: true, Files: true}

// moment gives a time as both formats write it; "" for none.
func moment(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.UTC().Format("2006-01-02T15:04:05.9999999Z")
}

// roomFile names the file of a room.
func roomFile(room *convert.Room, extension string) string {
	return fmt.Sprintf("rooms/%d-%s%s", room.Number, convert.FileName(room.Name), extension)
}

// filePath names the place of an uploaded file in the output.
func filePath(f *convert.File) string { return "files/" + f.Room.GUID + "/" + f.Name }

// links gives the places of the uploaded files that a message links to.
func links(plan *convert.Plan, m *convert.Message) []string {
	paths := []string{}
	for _, f := range plan.Links(m) {
		paths = append(paths, filePath(f))
	}
	return paths
}

// copyFile puts an uploaded file into the output.
func copyFile(to convert.Target, f *convert.File, content io.Reader) error {
	file, err := to.Create(filePath(f))
	if err != nil {
		return err
	}
	_, err = io.Copy(file, content)
	return errors.Join(err, file.Close())
}

// uris gives the URIs of principals.
func uris(plan *convert.Plan, numbers []int64) []string {
	list := []string{}
	for _, n := range numbers {
		one := plan.Person(n)
		if one.URI == "" {
			list = append(list, one.Name)
			continue
		}
		list = append(list, one.URI)
	}
	return list
}

// named gives the people and groups that a room's file or row names.
func named(plan *convert.Plan) []*convert.Person {
	seen := map[int64]bool{}
	var all []*convert.Person
	for _, room := range plan.Rooms {
		for _, numbers := range [][]int64{room.Authors, room.Members, room.Managers, room.Presenters} {
			for _, n := range numbers {
				if !seen[n] {
					seen[n] = true
					all = append(all, plan.Person(n))
				}
			}
		}
	}
	return all
}
