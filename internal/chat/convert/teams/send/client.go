package send

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"csbackup/internal/failure"
)

const (
	maxAnswer    = 1 << 20
	maxToken     = 64 << 10
	maxAttempts  = 12
	longestPause = time.Hour
	// longestBackoff is the longest pause that Graph did not ask for.
	longestBackoff = 64 * time.Second
	answerTimeout  = 100 * time.Second
)

// client makes requests, at a bounded rate.
type client struct {
	base      string
	tokenFile string
	http      *http.Client
	wait      func(ctx context.Context, d time.Duration) error
	interval  time.Duration // between two requests

	mutex   sync.Mutex
	next    time.Time // when the next request may be made
	token   string
	changed time.Time // when the token's file was changed
}

// newClient checks the address: a token goes over an encrypted connection, or stays on this machine.
func newClient(o Options) (*client, error) {
	parsed, err := url.Parse(o.GraphURL)
	if err != nil || parsed.Host == "" || parsed.User != nil || parsed.RawQuery != "" || parsed.Fragment != "" {
		return nil, failure.New(failure.InvalidUsage, o.GraphURL, fmt.Sprintf("%.200q is no address of Microsoft Graph", o.GraphURL), "Give one such as https://graph.microsoft.com/v1.0.")
	}
	ip := net.ParseIP(parsed.Hostname())
	if local := parsed.Hostname() == "localhost" || ip != nil && ip.IsLoopback(); parsed.Scheme != "https" && (parsed.Scheme != "http" || !local) {
		return nil, failure.New(failure.InvalidUsage, o.GraphURL, "The token would be sent without encryption", "Give an address that begins with https.")
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 16
	return &client{
		base: strings.TrimRight(o.GraphURL, "/"), tokenFile: o.TokenFile, wait: o.wait,
		interval: time.Duration(float64(time.Second) / o.Rate),
		http: &http.Client{Transport: transport, Timeout: answerTimeout, CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		}},
	}, nil
}

// readToken reads the token's file, again when it was changed: tokens last for about an hour.
func (c *client) readToken() (string, error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	info, err := os.Stat(c.tokenFile)
	if err == nil && c.token != "" && info.ModTime().Equal(c.changed) {
		return c.token, nil
	}
	var text []byte
	if err == nil && info.Size() > maxToken {
		err = errors.New("it is too long")
	}
	if err == nil {
		text, err = os.ReadFile(c.tokenFile)
	}
	if err != nil {
		return "", failure.Wrap(failure.FileNotReadable, c.tokenFile, "The token cannot be read", "Write a token for Microsoft Graph, and nothing else, into the file that --token-file names.", err)
	}
	token := strings.TrimSpace(strings.TrimPrefix(string(text), "\xef\xbb\xbf"))
	if token == "" || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r >= 0x7F }) {
		return "", failure.New(failure.FileNotReadable, c.tokenFile, "The file of the token holds no token", "Write a token for Microsoft Graph, and nothing else, into the file that --token-file names.")
	}
	c.token, c.changed = token, info.ModTime()
	return token, nil
}

// turn waits until a request may be made.
func (c *client) turn(ctx context.Context) error {
	c.mutex.Lock()
	now := time.Now()
	at := c.next
	if at.Before(now) {
		at = now
	}
	c.next = at.Add(c.interval)
	c.mutex.Unlock()
	if d := at.Sub(now); d > 0 {
		return c.wait(ctx, d)
	}
	return ctx.Err()
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// message gives Graph's own words about an error.
func (a answer) message() string {
	var said struct {
		Error struct{ Code, Message string }
	}
	_ = json.Unmarshal(a.body, &said)
	text := strings.TrimSpace(said.Error.Code + ": " + said.Error.Message)
	if text == ":" {
		text = http.StatusText(a.status)
	}
	return fmt.Sprintf("%d %.500s", a.status, strings.ToValidUTF8(text, "\uFFFD"))
}

// once makes one request. An error means that its outcome is unknown.
func (c *client) once(ctx context.Context, method, path string, body []byte) (answer, error) {
	token, err := c.readToken()
	if err != nil {
		return answer{}, err
	}
	if err := c.turn(ctx); err != nil {
		return answer{}, err
	}
	var content io.Reader
	if body != nil {
		content = bytes.NewReader(body)
	}
	request, err := http.NewRequestWithContext(ctx, method, c.base+path, content)
	if err != nil {
		return answer{}, err
	}
	request.GetBody = nil // the transport must not repeat a request by itself
	request.Header.Set("Authorization", "Bearer "+token)
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := c.http.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	return answer{response.StatusCode, response.Header, text}, err
}

// demand is a request that is made until its outcome is known.
type demand struct {
	method, path string
	body         []byte
	unknown      bool // it may have had its effect in an earlier run
	// find looks for the effect of a request whose outcome is unknown, where it must not be made twice.
	find func(ctx context.Context) (found bool, err error)
	// repeatable tells that 400 or 409 means, where the outcome was unknown, that the effect is there.
	repeatable bool
	// conflict tells that 409 always means that the effect is there.
	conflict bool
	// awaited tells that 404 passes, for what was made just before.
	awaited bool
}

// errRejected is wrapped by the error of a request that Graph does not want.
var errRejected = errors.New("Microsoft Graph rejects a request")

// errBusy is why a request is given up after all attempts.
var errBusy = errors.New("it was too busy for all attempts")

// do makes the request. There says that the effect was there before. An error that wraps errRejected is about this
// request; any other ends the sending.
func (c *client) do(ctx context.Context, d demand) (a answer, there bool, err error) {
	var last error
	for attempt := range maxAttempts {
		if d.unknown && d.find != nil {
			if found, err := c.look(ctx, d.find); found || err != nil {
				return a, found, err
			}
		}
		var failed error
		a, failed = c.once(ctx, d.method, d.path, d.body)
		var known *failure.Error
		if ctx.Err() != nil || errors.As(failed, &known) {
			return a, false, errors.Join(ctx.Err(), failed)
		}
		switch {
		case failed != nil:
			d.unknown, last = true, failed
		case a.status >= 200 && a.status < 300:
			return a, false, nil
		case a.status == http.StatusUnauthorized, a.status == http.StatusForbidden:
			return a, false, refused(d, a)
		case a.status == http.StatusConflict && (d.conflict || d.unknown && d.repeatable),
			a.status == http.StatusBadRequest && d.unknown && d.repeatable:
			return a, true, nil
		case a.status == http.StatusNotFound && d.awaited, a.status == http.StatusTooManyRequests:
			last = errors.New(a.message())
		case a.status == http.StatusRequestTimeout, a.status >= 500:
			d.unknown, last = true, errors.New(a.message())
		default:
			return a, false, fmt.Errorf("%w: %s %s: %s", errRejected, d.method, d.path, a.message())
		}
		if err := c.pause(ctx, a, failed, attempt); err != nil {
			return a, false, err
		}
	}
	return a, false, unreachable(c.base, errors.Join(errBusy, last))
}

// looks is how often the effect of a request is looked for: what was just made is not listed at once.
const looks = 5

// look looks for the effect of a request whose outcome is unknown.
func (c *client) look(ctx context.Context, find func(context.Context) (bool, error)) (found bool, err error) {
	for n := range looks {
		if found, err = find(ctx); found || err != nil {
			return found, err
		}
		if err := c.wait(ctx, time.Second<<(n+1)); err != nil {
			return false, err
		}
	}
	return false, nil
}

func refused(d demand, a answer) error {
	return failure.Wrap(failure.GraphRefused, d.path, "Microsoft Graph refuses the token or the rights of its application",
		"Put a new token into the file, or give the application the rights that the help names; then run the same command again: it goes on.",
		errors.New(a.message()))
}

func unreachable(base string, cause error) error {
	return failure.Wrap(failure.GraphUnreachable, base, "Microsoft Graph cannot be reached, or takes nothing",
		"Check the connection, wait a while, and run the same command again: it goes on.", cause)
}

// pause waits before the next attempt, and keeps all other requests waiting where Graph asked for that.
func (c *client) pause(ctx context.Context, a answer, failed error, attempt int) error {
	d := min(time.Second<<attempt, longestBackoff)
	if asked, ok := retryAfter(a.header, time.Now()); ok && failed == nil {
		if asked > longestPause {
			return unreachable(c.base, fmt.Errorf("it asks for a pause of %v", asked.Round(time.Second)))
		}
		d = asked
		c.mutex.Lock()
		if until := time.Now().Add(d); c.next.Before(until) {
			c.next = until
		}
		c.mutex.Unlock()
	}
	return c.wait(ctx, d)
}

// retryAfter reads the header in both of its forms: seconds, or a date.
func retryAfter(header http.Header, now time.Time) (time.Duration, bool) {
	text := strings.TrimSpace(header.Get("Retry-After"))
	if text == "" {
		return 0, false
	}
	if seconds, err := strconv.ParseInt(text, 10, 32); err == nil && seconds >= 0 {
		return time.Duration(seconds) * time.Second, true
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(at.Sub(now), 0), true
	}
	return 0, false
}
