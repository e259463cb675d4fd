package database

import "context"

// Open makes an instance ready. For SQL Server it logs in, so that a wrong name or password shows at
// once; for SQLite it only remembers the path, because CreateSchema may be about to make the file.
func Open(ctx context.Context, instance Instance) (Database, error) {
	if instance.SQLite() {
		return &embedded{instance: instance}, nil
	}
	return openServer(ctx, instance)
}
