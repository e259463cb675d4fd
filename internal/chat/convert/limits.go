package convert

import (
	"fmt"

	"csbackup/internal/failure"
)

// maxDirectory is how many bytes rooms, people and rights may take in memory together.
const maxDirectory = 768 << 20

// budget counts what is kept in memory of an archive.
type budget struct {
	left   int64
	target string
}

// take counts a record with texts. It fails when the archive has more than is kept.
func (b *budget) take(record int, texts ...string) error {
	size := record
	for _, one := range texts {
		size += len(one)
	}
	if b.left -= int64(size); b.left < 0 {
		return failure.New(failure.ArchiveTooLarge, b.target,
			fmt.Sprintf("The archive has more rooms, people and rights than %d MiB hold", maxDirectory>>20),
			"Convert it in parts: choose rooms or categories with --room and --category, or export with --scope.")
	}
	return nil
}
