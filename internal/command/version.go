package command

import (
	"context"
	"runtime"
	"runtime/debug"
)

// Version tells what this executable is.
type Version struct{}

// VersionResult is what Version gives.
type VersionResult struct {
	Version   string // of the release or the module, "(devel)" for a build from a checkout
	Commit    string // empty when the build does not know it
	GoVersion string
	Platform  string // as in "linux/amd64"
}

// release is the version of a packaged build, set by the linker; empty otherwise.
var release string

// Current tells what this executable is.
func Current() VersionResult {
	result := VersionResult{Version: "(devel)", GoVersion: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return result
	}
	if info.Main.Version != "" {
		result.Version = info.Main.Version
	}
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" {
			result.Commit = setting.Value
		}
	}
	if release != "" {
		result.Version = release
	}
	return result
}

// Run gives the version.
func (o *Version) Run(_ context.Context, env *Environment) error { return env.Sink.Object(Current()) }
