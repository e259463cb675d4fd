package archive

import (
	"archive/zip"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestZip64IsReadByOthers builds the directory of an archive that is too large to be written in a test, and
// lets the standard library read it.
func TestZip64IsReadByOthers(t *testing.T) {
	const far = 5 << 30
	for name, entries := range map[string][]entry{
		"a large member":         {{name: "a", packed: far, size: 3 * far}, {name: "b", packed: 10, size: 20}},
		"a member that unpacks":  {{name: "a", packed: 1 << 30, size: far}},
		"exactly the limit":      {{name: "a", packed: 1<<32 - 1, size: 1<<32 - 1}},
		"one below the limit":    {{name: "a", packed: 1<<32 - 2, size: 1<<32 - 2}},
		"more than 65535":        many(70_000),
		"exactly 65535":          many(65_535),
		"exactly 65534":          many(65_534),
		"all of it at once":      append(many(65_600), entry{name: "last", packed: far, size: far}),
		"a manifest far behind":  {{name: "a", packed: far, size: far}, {name: manifestName, stored: true, packed: 5, size: 5}},
		"nothing that needs any": {{name: "a", packed: 5, size: 9}},
	} {
		t.Run(name, func(t *testing.T) {
			offset := uint64(0)
			for i := range entries {
				entries[i].offset, entries[i].crc = offset, uint32(i)
				offset = entries[i].end()
			}
			tail := directory(entries, offset)
			h := &hole{size: int64(offset) + int64(len(tail)), tail: tail}
			z, err := zip.NewReader(h, h.size)
			if err != nil {
				t.Fatal(err)
			}
			if len(z.File) != len(entries) {
				t.Fatalf("there are %d members of %d", len(z.File), len(entries))
			}
			for i, f := range z.File {
				e := entries[i]
				if f.Name != e.name || f.CompressedSize64 != e.packed || f.UncompressedSize64 != e.size || f.CRC32 != e.crc {
					t.Fatalf("member %d is %+v and should be %+v", i, f.FileHeader, e)
				}
			}
		})
	}
}

func many(n int) []entry {
	entries := make([]entry, n)
	for i := range entries {
		entries[i] = entry{name: fmt.Sprintf("%06d", i), packed: 2}
	}
	return entries
}

// TestAnArchiveOfManyMembersIsReadByAllAlike writes more members than ZIP counts without Zip64.
func TestAnArchiveOfManyMembersIsReadByAllAlike(t *testing.T) {
	const variable = "CSBACKUP_TEST_LARGE"
	if os.Getenv(variable) == "" {
		t.Skipf("SKIPPED: set %s to write an archive of 70,000 members", variable)
	}
	var members []forged
	for i := range 70_000 {
		members = append(members, uploaded(i+1, fmt.Sprintf("%06d.txt", i)))
	}
	b := forge(t, members, nil)
	if err := examine(b); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "a.zip")
	if err := os.WriteFile(name, b, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, command := range [][]string{{"unzip", "-tqq", name}, {"python3", "-m", "zipfile", "-t", name}} {
		if _, err := exec.LookPath(command[0]); err != nil {
			t.Logf("SKIPPED: there is no %s here to open the archive with", command[0])
			continue
		}
		if out, err := exec.Command(command[0], command[1:]...).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%.1000s", command, err, out)
		}
	}
}
