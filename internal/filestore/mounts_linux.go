package filestore

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// mountTable knows what is mounted below a folder, from the kernel's table (proc_pid_mountinfo(5)),
// which signals each change of it to poll.
type mountTable struct {
	descriptor int
	folder     int
	known      map[string]string // the name below the folder of each mount's mount point
}

func openMountTable(folder int) (*mountTable, error) {
	descriptor, err := unix.Open("/proc/self/mountinfo", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open the table of mounts: %w", err)
	}
	t := &mountTable{descriptor: descriptor, folder: folder}
	if t.known, err = t.read(); err != nil {
		return nil, fmt.Errorf("read the table of mounts: %w", err)
	}
	return t, nil
}

// changed gives the names at which something was mounted since the last call, and tells whether something
// was unmounted. Where that was is not known for sure: the folders above may have been renamed before,
// of which the table tells nothing. A mount under another name than before counts as both, because the
// kernel gives the numbers of mounts and devices again.
func (t *mountTable) changed() (mounted []string, unmounted bool, err error) {
	now, err := t.read()
	if err != nil {
		return nil, false, fmt.Errorf("read the table of mounts: %w", err)
	}
	names := map[string]struct{}{}
	for mount, name := range now {
		if t.known[mount] != name {
			names[name] = struct{}{}
		}
	}
	for mount, name := range t.known {
		unmounted = unmounted || now[mount] != name
	}
	t.known = now
	return sortedKeys(names), unmounted, nil
}

func (t *mountTable) read() (map[string]string, error) {
	// Where the folder is now: it, or one above it, may have been renamed.
	folder, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", t.folder))
	if err != nil {
		return nil, err
	}
	if _, err := unix.Seek(t.descriptor, 0, io.SeekStart); err != nil {
		return nil, err
	}
	var text []byte
	buffer := make([]byte, 16<<10)
	for {
		n, err := retry(func() (int, error) { return unix.Read(t.descriptor, buffer) })
		if err != nil {
			return nil, err
		}
		if n == 0 {
			return mountsBelow(string(text), strings.TrimSuffix(folder, "/")), nil
		}
		text = append(text, buffer[:n]...)
	}
}

func (t *mountTable) close() error { return unix.Close(t.descriptor) }

// mountsBelow finds the mounts below a folder in the text of the table. A line's first field numbers the
// mount, the third is the device, the fourth what of the volume is mounted, the fifth where.
func mountsBelow(table, folder string) map[string]string {
	found := map[string]string{}
	for line := range strings.Lines(table) {
		fields := strings.Fields(line)
		if len(fields) < 5 {
			continue
		}
		if name, inside := strings.CutPrefix(unescaped(fields[4]), folder+"/"); inside && name != "" {
			found[strings.Join([]string{fields[0], fields[2], fields[3]}, " ")] = name
		}
	}
	return found
}

// unescaped gives a field of the table as it is: spaces and the like are written as \ and three octal digits.
func unescaped(field string) string {
	var plain strings.Builder
	for i := 0; i < len(field); i++ {
		if field[i] == '\\' && i+3 < len(field) {
			if value, err := strconv.ParseUint(field[i+1:i+4], 8, 8); err == nil {
				plain.WriteByte(byte(value))
				i += 3
				continue
			}
		}
		plain.WriteByte(field[i])
	}
	return plain.String()
}
