//go:build !windows

package command

import "csbackup/internal/failure"

func installService([]string) error { return notWindows() }
func uninstallService() error       { return notWindows() }

func notWindows() error {
	return failure.New(failure.ServiceInstallation, serviceName, "Services are installed this way on Windows only",
		"On Linux write a systemd unit of Type=notify that runs \"csbackup serve --pool-fqdn FQDN\".")
}
