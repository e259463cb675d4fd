package transfer

import (
	"context"
	"errors"
	"iter"

	"csbackup/internal/chat/archive"
	"csbackup/internal/chat/database"
)

// messagesOf gives the messages that a query finds, which asks for all columns. An error is the last thing given.
func messagesOf(ctx context.Context, source database.Source, query database.Query) iter.Seq2[archive.Message, error] {
	return func(yield func(archive.Message, error) bool) {
		err := source.Rows(ctx, query, func(row []any) error {
			if !yield(messageOf(row), nil) {
				return errEnough
			}
			return nil
		})
		if err != nil && !errors.Is(err, errEnough) {
			yield(archive.Message{}, err)
		}
	}
}

// roomQuery asks for the messages of a room in the order of their chatId.
func roomQuery(number int64) database.Query {
	return database.Query{Table: "tblChat", OrderBy: []string{"channelId", "chatId"}, Where: []database.Condition{equal("channelId", number)}}
}

// messageOf reads a row of tblChat with all of its columns.
func messageOf(row []any) archive.Message {
	m := archive.Message{
		ChannelID: row[0].(int64), ChatID: row[1].(int64), ChatDate: row[2].(int64), UserID: row[3].(int64),
		Alert: row[4].(int64) == 1, Content: row[5].(string),
	}
	m.RTF, m.HasRTF = row[6].(string)
	return m
}

// messageSize is about how many bytes a message has in memory.
func messageSize(m archive.Message) int { return len(m.Content) + len(m.RTF) + 100 }
