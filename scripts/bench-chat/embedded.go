package main

import (
	"fmt"
	"strings"

	"github.com/ncruces/go-sqlite3"

	"csbackup/scripts/chatdata"
)

// embedded measures SQLite. Bare is the same library without anything around it.
func (b *bench) embedded() error {
	db, path, err := b.fresh("source.db")
	if err != nil {
		return err
	}
	if err := b.load(db); err != nil {
		return err
	}
	bareRead, err := b.best(func() error { return readBare(path) })
	if err != nil {
		return err
	}
	read, err := b.best(func() error {
		reader, err := db.Snapshot(b.ctx)
		if err != nil {
			return err
		}
		defer reader.Close()
		return reader.Rows(b.ctx, readColumns, func([]any) error { return nil })
	})
	if err != nil {
		return err
	}
	export, err := b.best(func() error { return b.export(db) })
	if err != nil {
		return err
	}
	b.line("SQLite: reading, as a bare read", read, bareRead)
	b.line("SQLite: export, as a bare read", export, bareRead)
	if err := b.makeArchive(db); err != nil {
		return err
	}
	if err := b.keep(); err != nil {
		return err
	}
	bareWrite, err := b.best(func() error {
		_, path, err := b.fresh("target.db")
		if err != nil {
			return err
		}
		return b.writeBare(path)
	})
	if err != nil {
		return err
	}
	b.rows = nil // the import does not have so much to look after either
	imported, err := b.best(func() error {
		target, _, err := b.fresh("target.db")
		if err != nil {
			return err
		}
		return b.importInto(target)
	})
	if err != nil {
		return err
	}
	b.line("SQLite: import, as bare inserts from memory", imported, bareWrite)
	return nil
}

func readBare(path string) error {
	connection, err := sqlite3.Open(path)
	if err != nil {
		return err
	}
	defer connection.Close()
	prepared, _, err := connection.Prepare("SELECT " + strings.Join(chatdata.MessageColumns, ", ") + " FROM tblChat ORDER BY channelId, chatId")
	if err != nil {
		return err
	}
	defer prepared.Close()
	row := make([]any, len(chatdata.MessageColumns))
	for prepared.Step() {
		if err := prepared.Columns(row...); err != nil {
			return err
		}
	}
	return prepared.Err()
}

func (b *bench) writeBare(path string) error {
	connection, err := sqlite3.Open(path)
	if err != nil {
		return err
	}
	defer connection.Close()
	if err := connection.Exec("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	prepared, _, err := connection.Prepare("INSERT INTO tblChat (" + strings.Join(chatdata.MessageColumns, ", ") + ") VALUES (?, ?, ?, ?, ?, ?, ?)")
	if err != nil {
		return err
	}
	defer prepared.Close()
	for _, row := range b.rows {
		for i, value := range row {
			if err := bind(prepared, i+1, value); err != nil {
				return err
			}
		}
		if err := prepared.Exec(); err != nil {
			return err
		}
	}
	return connection.Exec("COMMIT")
}

func bind(prepared *sqlite3.Stmt, place int, value any) error {
	switch v := value.(type) {
	case nil:
		return prepared.BindNull(place)
	case int64:
		return prepared.BindInt64(place, v)
	case string:
		return prepared.BindText(place, v)
	}
	return fmt.Errorf("a %T is not expected", value)
}
