package command

import (
	"errors"
	"fmt"
	"time"

	"csbackup/internal/failure"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/svc"
	"golang.org/x/sys/windows/svc/mgr"
)

// recovery is what the service manager does when the service ends by itself; a day later it counts anew.
var recovery = []mgr.RecoveryAction{
	{Type: mgr.ServiceRestart, Delay: 5 * time.Second},
	{Type: mgr.ServiceRestart, Delay: time.Minute},
	{Type: mgr.ServiceRestart, Delay: 5 * time.Minute},
}

const recoveryPeriod = uint32(24 * time.Hour / time.Second)

func serviceDisplayName(pool string) string { return "csbackup Backup Service (" + pool + ")" }

// foreignService is the error for a service of another program.
func foreignService(name, imagePath string) error {
	return failure.New(failure.ServiceInstallation, name, "The service "+name+" belongs to another program, and stays as it is: "+imagePath,
		"Give csbackup's service another name with --service-name, or leave that out.")
}

func installService(_ *Environment, name, pool string, arguments []string) error {
	executable, err := ownExecutable(name)
	if err != nil {
		return err
	}
	manager, err := mgr.Connect()
	if err != nil {
		return installationFailed(name, err)
	}
	defer manager.Disconnect()
	service, err := manager.CreateService(name, executable, mgr.Config{
		DisplayName:      serviceDisplayName(pool),
		Description:      "Keeps the conference content of this pool and its backup pool alike.",
		StartType:        mgr.StartAutomatic,
		DelayedAutoStart: true,
	}, arguments...)
	if errors.Is(err, windows.ERROR_SERVICE_EXISTS) {
		return existing(manager, name, executable, err)
	}
	if err != nil {
		return installationFailed(name, err)
	}
	if err := service.SetRecoveryActions(recovery, recoveryPeriod); err != nil {
		return installationFailed(name, errors.Join(fmt.Errorf("set what is done when it fails: %w", err), service.Close()))
	}
	return service.Close()
}

// existing tells whose service has the name already.
func existing(manager *mgr.Mgr, name, executable string, cause error) error {
	service, err := manager.OpenService(name)
	if err != nil {
		return installationFailed(name, errors.Join(cause, err))
	}
	defer service.Close()
	config, err := service.Config()
	switch {
	case err != nil:
		return installationFailed(name, errors.Join(cause, err))
	case !isOurs(config.BinaryPathName, executable):
		return foreignService(name, config.BinaryPathName)
	}
	return failure.New(failure.ServiceInstallation, name, "The service "+name+" is installed already: "+config.BinaryPathName,
		"To change its flags, remove it first: csbackup service uninstall --service-name "+name+".")
}

func uninstallService(name string) error {
	executable, err := ownExecutable(name)
	if err != nil {
		return err
	}
	manager, err := mgr.Connect()
	if err != nil {
		return installationFailed(name, err)
	}
	defer manager.Disconnect()
	service, err := manager.OpenService(name)
	if err != nil {
		return installationFailed(name, err)
	}
	defer service.Close()
	config, err := service.Config()
	if err != nil {
		return installationFailed(name, fmt.Errorf("ask which program it starts: %w", err))
	}
	if !isOurs(config.BinaryPathName, executable) {
		return foreignService(name, config.BinaryPathName)
	}
	if status, err := service.Query(); err == nil && status.State != svc.Stopped {
		if _, err := service.Control(svc.Stop); err != nil {
			return installationFailed(name, fmt.Errorf("stop it: %w", err))
		}
	}
	if err := service.Delete(); err != nil {
		return installationFailed(name, err)
	}
	return nil
}

func installationFailed(name string, cause error) error {
	return failure.Wrap(failure.ServiceInstallation, name, "The service "+name+" could not be installed or removed",
		"Run this in an elevated prompt, and see in services.msc whether the service exists already.", cause)
}
