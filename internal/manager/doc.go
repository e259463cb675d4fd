// Package manager talks to the program that starts and stops services: systemd on Linux, the service
// control manager on Windows. Without either it does nothing.
//
// It promises that a process which runs under neither is not disturbed, and that being told to stop
// ends the context that a service runs with. It imports nothing of the project.
package manager
