package transfer

import (
	"context"
	"slices"

	"csbackup/internal/chat/database"
)

// Disable disables rooms, all of them or none, and gives how many were not disabled before.
func Disable(ctx context.Context, db database.Database, rooms []int64) (disabled int64, err error) {
	writer, err := db.Begin(ctx)
	if err != nil {
		return 0, err
	}
	defer func() {
		if undo := writer.Rollback(); undo != nil && err == nil {
			err = undo
		}
	}()
	for some := range slices.Chunk(rooms, 500) {
		numbers := make([]any, len(some))
		for i, id := range some {
			numbers[i] = id
		}
		n, err := writer.Update(ctx, "tblNode", map[string]any{"disabled": int64(1)}, []database.Condition{
			{Column: "nodeID", Operator: database.In, Values: numbers}, equal("nodeType", int64(0)), equal("disabled", int64(0)),
		})
		if err != nil {
			return 0, err
		}
		disabled += n
	}
	return disabled, writer.Commit()
}
