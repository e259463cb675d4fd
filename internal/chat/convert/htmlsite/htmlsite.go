package htmlsite

import (
	"context"
	"errors"
	"io"

	"csbackup/internal/chat/convert"
	"csbackup/internal/chat/site"
	"csbackup/internal/chat/siteplan"
)

// Format is the format html.
type Format struct {
	About site.About // of which it fills in the source and the archive

	writer *site.Writer
	links  *site.FileLinks
	files  map[fileKey]site.File
}

type fileKey struct {
	room int64
	name string
}

// Rules says what the format needs.
func (*Format) Rules() convert.Rules {
	return convert.Rules{Folder: true, Zip: true, Files: true, Whole: true}
}

// Begin takes the rooms, people and files.
func (f *Format) Begin(plan *convert.Plan, to convert.Target) error {
	files, _, err := siteplan.Files(context.Background(), plan)
	if err != nil {
		return err
	}
	f.files = make(map[fileKey]site.File, len(files))
	for _, one := range files {
		f.files[fileKey{one.RoomID, one.Name}] = one
	}
	f.links = site.NewFileLinks(files)
	f.About.Source, f.About.Archive = plan.Archive.Manifest().Source, plan.Name
	f.writer = site.NewWriter(to, f.About, siteplan.Rooms(plan), siteplan.People(plan), files)
	return nil
}

// Room needs nothing: the first message begins the room.
func (*Format) Room(*convert.Room) error { return nil }

// Message writes a message.
func (f *Format) Message(m *convert.Message) error {
	return f.failed(f.writer.Message(m.Room.Number, siteplan.Message(m, f.links)))
}

// EndRoom completes the pages of the room.
func (f *Format) EndRoom() error { return f.failed(f.writer.EndRoom()) }

// File writes an uploaded file.
func (f *Format) File(file *convert.File, content io.Reader) error {
	return f.failed(f.writer.File(f.files[fileKey{file.Room.Number, file.Name}], content))
}

// End writes the lists and the index.
func (f *Format) End() error {
	_, err := f.writer.Close()
	return err
}

// failed removes the writer's temporary files after an error.
func (f *Format) failed(err error) error {
	if err == nil {
		return nil
	}
	return errors.Join(err, f.writer.Abort())
}
