package main

import (
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	mssql "github.com/microsoft/go-mssqldb"

	"csbackup/internal/chat/database"
	"csbackup/internal/chat/schema"
	"csbackup/scripts/chatdata"
)

// lab is the server that is measured.
type lab struct {
	*bench
	instance database.Instance
	password string
	db       database.Database
	pool     *sql.DB // bare
}

// protocol measures the SQL Server protocol. Bare is the same driver without anything around it.
func (b *bench) protocol(instance database.Instance) error {
	db, err := database.Open(b.ctx, instance)
	if err != nil {
		return err
	}
	defer db.Close()
	l := &lab{bench: b, instance: instance, password: os.Getenv(database.PasswordVariable), db: db}
	address := url.URL{Scheme: "sqlserver", User: url.UserPassword(instance.User, l.password), Host: l.address(), RawQuery: url.Values{
		"database": {instance.Database}, "encrypt": {"true"}, "trustservercertificate": {strconv.FormatBool(instance.Options.TrustServerCertificate)}, "packet size": {"32767"},
	}.Encode()}
	if l.pool, err = sql.Open("sqlserver", address.String()); err != nil {
		return err
	}
	defer l.pool.Close()
	// A new session each time, as this program has: the first questions of one are its slow ones.
	l.pool.SetMaxIdleConns(0)
	if err := db.CreateSchema(b.ctx, schema.Chat); err != nil { // refuses where there are tables, which fresh would drop
		return err
	}
	return errors.Join(l.measure(), l.drop())
}

func (l *lab) address() string {
	if l.instance.Port == 0 {
		return l.instance.Host
	}
	return l.instance.Host + ":" + strconv.Itoa(l.instance.Port)
}

func (l *lab) drop() error {
	tables := schema.Tables(schema.Chat)
	slices.Reverse(tables)
	for _, t := range tables {
		if _, err := l.pool.ExecContext(l.ctx, "DROP TABLE dbo.["+t.Name+"]"); err != nil {
			return err
		}
	}
	return nil
}

// fresh empties the database.
func (l *lab) fresh() error {
	if err := l.drop(); err != nil {
		return err
	}
	return l.db.CreateSchema(l.ctx, schema.Chat)
}

// bestFresh is best with an empty database each time, whose making is not measured.
func (l *lab) bestFresh(work func() error) (took, error) {
	best := longest
	for range l.times {
		if err := l.fresh(); err != nil {
			return took{}, err
		}
		t, err := l.once(work)
		if err != nil {
			return took{}, err
		}
		best = best.orLess(t)
	}
	return best, nil
}

func (l *lab) measure() error {
	if err := l.keep(); err != nil {
		return err
	}
	bareWrite, err := l.bestFresh(l.writeBare)
	if err != nil {
		return err
	}
	l.rows = nil // the others do not have so much to look after either
	imported, err := l.bestFresh(func() error { return l.importInto(l.db) })
	if err != nil {
		return err
	}
	bareRead, err := l.best(l.readBare)
	if err != nil {
		return err
	}
	read, err := l.best(func() error {
		reader, err := l.db.Snapshot(l.ctx)
		if err != nil {
			return err
		}
		defer reader.Close()
		return reader.Rows(l.ctx, readColumns, func([]any) error { return nil })
	})
	if err != nil {
		return err
	}
	export, err := l.best(func() error { return l.export(l.db) })
	if err != nil {
		return err
	}
	l.line("SQL protocol: reading, as a bare read", read, bareRead)
	l.line("SQL protocol: export, as a bare read", export, bareRead)
	l.line("SQL protocol: import, as a bare bulk copy from memory", imported, bareWrite)
	return l.freebcp(export, imported)
}

func (l *lab) readBare() error {
	rows, err := l.pool.QueryContext(l.ctx, "SELECT channelId, chatId, chatDate, userId, isAlert, content, rtf FROM dbo.tblChat ORDER BY channelId, chatId")
	if err != nil {
		return err
	}
	defer rows.Close()
	var room, number, at, who int64
	var alert bool
	var content string
	var rtf sql.NullString
	for rows.Next() {
		if err := rows.Scan(&room, &number, &at, &who, &alert, &content, &rtf); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (l *lab) writeBare() error {
	tx, err := l.pool.BeginTx(l.ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	loader, err := tx.PrepareContext(l.ctx, mssql.CopyIn("dbo.tblChat", mssql.BulkOptions{CheckConstraints: true, KeepNulls: true}, chatdata.MessageColumns...))
	if err != nil {
		return err
	}
	values := make([]any, len(chatdata.MessageColumns))
	for _, row := range l.rows {
		copy(values, row)
		values[4] = row[4] == int64(1)
		if _, err := loader.ExecContext(l.ctx, values...); err != nil {
			return err
		}
	}
	if _, err := loader.ExecContext(l.ctx); err != nil {
		return err
	}
	return tx.Commit()
}

// freebcp compares with the tool of that name, where it is installed. It takes the password of this lab as
// an argument, having no other way.
func (l *lab) freebcp(export, imported took) error {
	if _, err := exec.LookPath("freebcp"); err != nil {
		fmt.Println("freebcp is not installed: no comparison with it")
		return nil
	}
	path := filepath.Join(l.folder, "freebcp.txt")
	out, err := l.best(func() error { return l.runFreebcp("out", path) })
	if err != nil {
		return err
	}
	l.line("SQL protocol: export, as freebcp out", export, out)
	in, err := l.bestFresh(func() error { return l.runFreebcp("in", path) })
	if err != nil {
		return err
	}
	l.line("SQL protocol: import, as freebcp in", imported, in)
	return nil
}

func (l *lab) runFreebcp(direction, path string) error {
	command := exec.CommandContext(l.ctx, "freebcp", l.instance.Database+".dbo.tblChat", direction, path, "-c", "-t", "|~|", "-r", "|~~|\n",
		"-S", l.address(), "-U", l.instance.User, "-P", l.password, "-b", "1000000000")
	command.WaitDelay = time.Second
	output, err := command.CombinedOutput()
	if err != nil {
		return fmt.Errorf("freebcp %s: %w: %s", direction, err, output[max(0, len(output)-500):])
	}
	return nil
}
