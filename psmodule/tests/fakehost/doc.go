// Command fakehost stands in for "csbackup host" in tests of the PowerShell module, and does one
// thing wrong. What it does is named by the environment variable FAKEHOST; see modes. Where
// FAKEHOST_PID names a file it writes its process id there, and where FAKEHOST_RECORD names one, it
// notes there what it was asked, and that its standard input ended.
//
// It promises nothing else, and imports nothing of the project.
package main
