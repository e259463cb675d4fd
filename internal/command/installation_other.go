//go:build !windows

package command

import (
	"fmt"
	"strings"

	"csbackup/internal/failure"
)

// unit is what systemd reads. It starts the service as root, as the file store of a pool demands, and
// lets it write what it must.
const unit = `# Save this as /etc/systemd/system/csbackup-%[1]s.service, then: systemctl enable --now csbackup-%[1]s
[Unit]
Description=Backup Service of %[1]s
Wants=network-online.target
After=network-online.target remote-fs.target

[Service]
Type=notify
ExecStart=%[2]s
Restart=on-failure
RestartSec=5
TimeoutStopSec=15
WatchdogSec=120
StateDirectory=csbackup
RuntimeDirectory=csbackup
RuntimeDirectoryPreserve=yes
LimitNOFILE=65536
NoNewPrivileges=yes

[Install]
WantedBy=multi-user.target
`

// installService prints the unit: where it belongs is the administrator's to say.
func installService(env *Environment, name, pool string, arguments []string) error {
	executable, err := ownExecutable(name)
	if err != nil {
		return err
	}
	line := quoted(executable)
	for _, one := range arguments {
		line += " " + quoted(one)
	}
	if _, err := fmt.Fprintf(env.Stdout, unit, pool, line); err != nil {
		return failure.Wrap(failure.FileNotWritable, name, "The unit cannot be written", "Check where the output goes.", err)
	}
	return nil
}

// quoted writes an argument as systemd reads it back.
func quoted(argument string) string {
	argument = strings.NewReplacer("%", "%%", "$", "$$").Replace(argument)
	if !strings.ContainsAny(argument, " \t\"'\\") {
		return argument
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(argument) + `"`
}

func uninstallService(name string) error {
	return failure.New(failure.ServiceInstallation, name, "Services are removed this way on Windows only",
		"On Linux: systemctl disable --now csbackup-FQDN, then remove its unit file.")
}
