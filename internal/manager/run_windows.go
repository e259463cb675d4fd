package manager

import (
	"context"
	"fmt"

	"golang.org/x/sys/windows/svc"
)

// Run runs a service; where a service manager starts it as a service of a name, that one may stop it.
func Run(ctx context.Context, name string, serve func(context.Context) error) error {
	managed, err := svc.IsWindowsService()
	if err != nil {
		return fmt.Errorf("ask whether the service manager started this process: %w", err)
	}
	if !managed {
		return serve(ctx)
	}
	h := &handler{ctx: ctx, serve: serve}
	if err := svc.Run(name, h); err != nil {
		return fmt.Errorf("run as the service %s: %w", name, err)
	}
	return h.err
}

type handler struct {
	ctx   context.Context
	serve func(context.Context) error
	err   error
}

// failed is the exit code of a service that ended by itself; the log says why.
const failed = 1

// Execute implements svc.Handler.
func (h *handler) Execute(_ []string, requests <-chan svc.ChangeRequest, status chan<- svc.Status) (bool, uint32) {
	status <- svc.Status{State: svc.StartPending}
	ctx, stop := context.WithCancel(h.ctx)
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- h.serve(ctx) }()
	running := svc.Status{State: svc.Running, Accepts: svc.AcceptStop | svc.AcceptShutdown}
	status <- running
	for {
		select {
		case h.err = <-ended:
			status <- svc.Status{State: svc.StopPending}
			if h.err != nil {
				return true, failed
			}
			return false, 0
		case request := <-requests:
			switch request.Cmd {
			case svc.Interrogate:
				status <- running
			case svc.Stop, svc.Shutdown:
				running = svc.Status{State: svc.StopPending}
				status <- running
				stop()
			}
		}
	}
}
