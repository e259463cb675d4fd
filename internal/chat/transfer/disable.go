package transfer

import (
	"context"
	"slices"
	"time"

	"csbackup/internal/chat/database"
)

// Disable disables rooms, all of them or none, and gives how many were not disabled before. It is a change of the rooms
// like any other, so nodeUpdatedOn tells its time, and an archive that was taken before does not undo it. A room
// that says it was changed later than now keeps what it says.
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
	now := Ticks(time.Now())
	earlier := database.Condition{Column: "nodeUpdatedOn", Operator: database.Less, Values: []any{now}}
	for some := range slices.Chunk(rooms, 500) {
		numbers := make([]any, len(some))
		for i, id := range some {
			numbers[i] = id
		}
		enabled := []database.Condition{{Column: "nodeID", Operator: database.In, Values: numbers}, equal("nodeType", int64(0)), equal("disabled", int64(0))}
		n, err := writer.Update(ctx, "tblNode", map[string]any{"disabled": int64(1), "nodeUpdatedOn": now}, append(slices.Clone(enabled), earlier))
		if err != nil {
			return 0, err
		}
		disabled += n
		if n, err = writer.Update(ctx, "tblNode", map[string]any{"disabled": int64(1)}, enabled); err != nil {
			return 0, err
		}
		disabled += n
	}
	return disabled, writer.Commit()
}
