package admin

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"csbackup/internal/failure"
	"csbackup/internal/settings"
)

const (
	prefix     = "/admin/1/"
	maxRequest = 1 << 20
	// requestWithin is how long a caller may take to send its request, and to take the answer.
	requestWithin = 30 * time.Second
)

// VersionsPage is how many kept versions one answer has at most.
const VersionsPage = 1000

type call func(ctx context.Context, b Backend, r request) (any, error)

var calls = map[string]call{
	"status":   func(ctx context.Context, b Backend, r request) (any, error) { return b.Status(ctx, r.Modules) },
	"sync":     func(ctx context.Context, b Backend, r request) (any, error) { return nil, b.Sync(ctx, r.Modules) },
	"settings": func(ctx context.Context, b Backend, _ request) (any, error) { return b.Settings(ctx) },
	"set": func(ctx context.Context, b Backend, r request) (any, error) {
		change := settings.Change{}
		if r.Change != nil {
			change = *r.Change
		}
		return nil, b.SetSettings(ctx, change)
	},
	"reset": func(ctx context.Context, b Backend, _ request) (any, error) { return nil, b.ResetSettings(ctx) },
	"versions": func(ctx context.Context, b Backend, r request) (any, error) {
		return b.Versions(ctx, r.Path, r.After, min(max(r.Limit, 1), VersionsPage))
	},
	"restore": func(ctx context.Context, b Backend, r request) (any, error) { return nil, b.RestoreVersion(ctx, r.ID) },
	"loss":    func(ctx context.Context, b Backend, r request) (any, error) { return b.Loss(ctx, r.Module) },
	"confirm": func(ctx context.Context, b Backend, r request) (any, error) {
		return nil, b.ConfirmLoss(ctx, r.Module, r.Plan)
	},
	"adoption": func(ctx context.Context, b Backend, _ request) (any, error) { return b.Adoption(ctx) },
	"adopt":    func(ctx context.Context, b Backend, r request) (any, error) { return nil, b.AdoptStore(ctx, r.Plan) },
}

// Handler serves the door. authorize is asked before anything is read.
func Handler(b Backend, authorize func(*http.Request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := authorize(r); err != nil {
			answer(w, http.StatusForbidden, err)
			return
		}
		name := ""
		if len(r.URL.Path) > len(prefix) && r.URL.Path[:len(prefix)] == prefix {
			name = r.URL.Path[len(prefix):]
		}
		run, ok := calls[name]
		if !ok || r.Method != http.MethodPost {
			answer(w, http.StatusNotFound, failure.New(failure.ProtocolMismatch, r.URL.Path, "The service does not know this request", "Use the same version of csbackup on both machines."))
			return
		}
		// Where there is no connection to set a time for, there is none to be held open.
		caller := http.NewResponseController(w)
		_ = caller.SetReadDeadline(time.Now().Add(requestWithin))
		var asked request
		decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxRequest))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&asked); err != nil {
			answer(w, http.StatusBadRequest, failure.Wrap(failure.ProtocolMismatch, r.URL.Path, "The request cannot be read", "Use the same version of csbackup on both machines.", err))
			return
		}
		_ = caller.SetReadDeadline(time.Time{})
		result, err := run(r.Context(), b, asked)
		_ = caller.SetWriteDeadline(time.Now().Add(requestWithin))
		if err != nil {
			answer(w, http.StatusUnprocessableEntity, err)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		// The caller is gone when this fails; nobody is left to be told.
		_ = json.NewEncoder(w).Encode(result)
	})
}

func answer(w http.ResponseWriter, status int, err error) {
	shown := failure.Of(err)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(refusal{string(shown.ID), shown.Error(), shown.Hint, shown.Target})
}
