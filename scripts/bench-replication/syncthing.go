package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// syncthing is a pair of its own. A lost target is a deletion to it, so it is not asked to restore.
type syncthing struct {
	source  *data
	servers []*server
	devices []string
	api     []int
}

const (
	syncthingKey    = "bench"
	syncthingFolder = "bench"
	folderBytes     = 128 // what syncthing counts for a folder
)

func (s *syncthing) name() string { return "syncthing" }

func (s *syncthing) begin(ctx context.Context, at places) error {
	s.source = &data{root: at.source}
	ports, err := freePorts(4)
	if err != nil {
		return err
	}
	s.api = ports[2:]
	homes := []string{filepath.Join(at.own, "a"), filepath.Join(at.own, "b")}
	for i, tree := range []string{at.source, at.target} {
		// The mark of a folder that is mounted; it lies beside what is compared.
		if err := os.MkdirAll(filepath.Join(tree, ".stfolder"), 0o755); err != nil {
			return err
		}
		if err := command(ctx, "syncthing", "generate", "--home="+homes[i]); err != nil {
			return err
		}
		id, err := exec.CommandContext(ctx, "syncthing", "--home="+homes[i], "--device-id").Output()
		if err != nil {
			return err
		}
		s.devices = append(s.devices, strings.TrimSpace(string(id)))
	}
	for i, tree := range []string{at.source, at.target} {
		if err := os.WriteFile(filepath.Join(homes[i], "config.xml"), []byte(s.config(tree, ports[i], s.api[i], ports)), 0o600); err != nil {
			return err
		}
		started, err := startServer(homes[i], nil, "syncthing", "serve", "--home="+homes[i], "--no-browser", "--no-restart", "--no-upgrade")
		if err != nil {
			return err
		}
		s.servers = append(s.servers, started)
	}
	return until(ctx, time.Minute, 100*time.Millisecond, func() (bool, error) {
		var told struct {
			Connections map[string]struct{ Connected bool }
		}
		err := s.ask(ctx, 0, http.MethodGet, "/rest/system/connections", "", &told)
		return err == nil && told.Connections[s.devices[1]].Connected, nil
	})
}

// config has everything off that reaches beyond this machine, and its low priority, too.
func (s *syncthing) config(tree string, port, api int, ports []int) string {
	var devices, members strings.Builder
	for i, id := range s.devices {
		fmt.Fprintf(&devices, "<device id=%q name=\"d%d\" compression=\"metadata\"><address>tcp://127.0.0.1:%d</address></device>\n", id, i, ports[i])
		fmt.Fprintf(&members, "<device id=%q></device>", id)
	}
	return fmt.Sprintf(`<configuration version="36">
<folder id=%q label="" path=%q type="sendreceive" rescanIntervalS="0" fsWatcherEnabled="false">%s<minDiskFree unit="%%">0</minDiskFree><paused>true</paused></folder>
%s<gui enabled="true" tls="false"><address>127.0.0.1:%d</address><apikey>%s</apikey></gui>
<options><listenAddress>tcp://127.0.0.1:%d</listenAddress><globalAnnounceEnabled>false</globalAnnounceEnabled><localAnnounceEnabled>false</localAnnounceEnabled>
<relaysEnabled>false</relaysEnabled><natEnabled>false</natEnabled><urAccepted>-1</urAccepted><autoUpgradeIntervalH>0</autoUpgradeIntervalH>
<crashReportingEnabled>false</crashReportingEnabled><startBrowser>false</startBrowser><setLowPriority>false</setLowPriority></options>
</configuration>
`, syncthingFolder, tree, members.String(), devices.String(), api, syncthingKey, port)
}

func (s *syncthing) ask(ctx context.Context, i int, method, path, body string, answer any) error {
	request, err := http.NewRequestWithContext(ctx, method, fmt.Sprintf("http://127.0.0.1:%d%s", s.api[i], path), bytes.NewBufferString(body))
	if err != nil {
		return err
	}
	request.Header.Set("X-API-Key", syncthingKey)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(response.Body, 1000)) // for the message only
		return fmt.Errorf("%s answered %s: %s", path, response.Status, text)
	}
	if answer == nil {
		return nil
	}
	return json.NewDecoder(response.Body).Decode(answer)
}

// arrived begins a work and takes the time until the target says that it has what the source has.
func (s *syncthing) arrived(ctx context.Context, begin func() error) (time.Duration, error) {
	files, total, err := s.source.total()
	if err != nil {
		return 0, err
	}
	began := time.Now()
	if err := begin(); err != nil {
		return 0, err
	}
	err = until(ctx, time.Hour, 50*time.Millisecond, func() (bool, error) {
		var told struct {
			State                                                       string
			GlobalFiles, GlobalDirectories, GlobalBytes, NeedTotalItems int64
		}
		err := s.ask(ctx, 1, http.MethodGet, "/rest/db/status?folder="+syncthingFolder, "", &told)
		return told.State == "idle" && told.GlobalFiles == files && told.GlobalBytes == total+folderBytes*told.GlobalDirectories && told.NeedTotalItems == 0, err
	})
	return time.Since(began), err
}

func (s *syncthing) seed(ctx context.Context) (time.Duration, error) {
	return s.arrived(ctx, func() error {
		for i := range s.api {
			if err := s.ask(ctx, i, http.MethodPatch, "/rest/config/folders/"+syncthingFolder, `{"paused":false}`, nil); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *syncthing) catchUp(ctx context.Context) (time.Duration, error) {
	return s.arrived(ctx, func() error {
		return s.ask(ctx, 0, http.MethodPost, "/rest/db/scan?folder="+syncthingFolder, "", nil)
	})
}

func (s *syncthing) restore(context.Context) (time.Duration, error) { return 0, errNotOffered }

func (s *syncthing) processorTime() (time.Duration, error) {
	var sum time.Duration
	for _, one := range s.servers {
		used, err := one.processorTime()
		if err != nil {
			return 0, err
		}
		sum += used
	}
	return sum, nil
}

func (s *syncthing) end() error {
	var problem error
	for _, one := range s.servers {
		problem = errors.Join(problem, one.stop())
	}
	return problem
}
