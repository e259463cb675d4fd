// Package demo shows the main job on one machine, start to end, with real processes.
//
// It promises to exit without an error only if every comparison held. It may import everything
// below command.
package demo
