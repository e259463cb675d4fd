package command

import (
	"fmt"
	"os"

	"csbackup/internal/failure"

	"golang.org/x/sys/windows/svc"
	"golang.org/x/sys/windows/svc/mgr"
)

func installService(_ *Environment, _ string, arguments []string) error {
	executable, err := os.Executable()
	if err != nil {
		return installationFailed(err)
	}
	manager, err := mgr.Connect()
	if err != nil {
		return installationFailed(err)
	}
	defer manager.Disconnect()
	service, err := manager.CreateService(serviceName, executable, mgr.Config{
		DisplayName: serviceDisplayName,
		Description: "Keeps the conference content of this pool and its backup pool alike.",
		StartType:   mgr.StartAutomatic,
	}, arguments...)
	if err != nil {
		return installationFailed(err)
	}
	return service.Close()
}

func uninstallService() error {
	manager, err := mgr.Connect()
	if err != nil {
		return installationFailed(err)
	}
	defer manager.Disconnect()
	service, err := manager.OpenService(serviceName)
	if err != nil {
		return installationFailed(err)
	}
	defer service.Close()
	if status, err := service.Query(); err == nil && status.State != svc.Stopped {
		if _, err := service.Control(svc.Stop); err != nil {
			return installationFailed(fmt.Errorf("stop it: %w", err))
		}
	}
	if err := service.Delete(); err != nil {
		return installationFailed(err)
	}
	return nil
}

func installationFailed(cause error) error {
	return failure.Wrap(failure.ServiceInstallation, serviceName, "The service "+serviceName+" could not be installed or removed",
		"Run this in an elevated prompt, and see in services.msc whether the service exists already.", cause)
}
