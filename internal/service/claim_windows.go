package service

import (
	"fmt"
	"path/filepath"

	"csbackup/internal/failure"
	"csbackup/internal/topology"

	"golang.org/x/sys/windows"
)

// claim takes the state folder for this process: the file is opened without sharing, and the system
// closes it when the process ends, however it ends.
func claim(stateDir string, pool *topology.Pool) (release func(), err error) {
	name, err := windows.UTF16PtrFromString(filepath.Join(stateDir, "owner"))
	if err != nil {
		return nil, fmt.Errorf("name the owner's file: %w", err)
	}
	handle, err := windows.CreateFile(name, windows.GENERIC_READ|windows.GENERIC_WRITE, 0, nil, windows.OPEN_ALWAYS, windows.FILE_ATTRIBUTE_NORMAL, 0)
	if err != nil {
		return nil, failure.Wrap(failure.InstanceRunning, pool.FQDN, "Another Backup Service of "+pool.FQDN+" uses "+stateDir, "Stop it first.", err)
	}
	return func() { windows.CloseHandle(handle) }, nil
}
