package settings

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"time"

	"csbackup/internal/failure"
)

// Interval is a duration written as a TimeSpan: "hh:mm:ss", with days in front as "d." where there
// are any. Fractions of a second are accepted only when they are zero.
type Interval time.Duration

var timeSpan = regexp.MustCompile(`^(?:(\d{1,5})\.)?(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.0{1,7})?)?$`)

// ParseInterval reads "hh:mm:ss", "hh:mm" or "d.hh:mm:ss". It fails with SettingsInvalid.
func ParseInterval(text string) (Interval, error) {
	parts := timeSpan.FindStringSubmatch(text)
	if parts == nil {
		return 0, badInterval(text)
	}
	var n [5]int
	for i := 1; i < len(parts); i++ {
		// The expression admits at most five digits, so a part is a number or left out.
		n[i], _ = strconv.Atoi(parts[i])
	}
	if n[2] > 23 || n[3] > 59 || n[4] > 59 {
		return 0, badInterval(text)
	}
	seconds := ((n[1]*24+n[2])*60+n[3])*60 + n[4]
	return Interval(time.Duration(seconds) * time.Second), nil
}

func badInterval(text string) error {
	return failure.New(failure.SettingsInvalid, "SyncInterval", fmt.Sprintf("%q is not a time span", shown(text)),
		"Write it as hh:mm:ss, as in 00:02:00.")
}

// String writes the interval as "hh:mm:ss" or "d.hh:mm:ss".
func (i Interval) String() string {
	s, sign := int64(time.Duration(i)/time.Second), ""
	if s < 0 {
		s, sign = -s, "-"
	}
	text := fmt.Sprintf("%02d:%02d:%02d", s/3600%24, s/60%60, s%60)
	if days := s / 86400; days > 0 {
		text = fmt.Sprintf("%d.%s", days, text)
	}
	return sign + text
}

// Duration gives the interval as Go's own type.
func (i Interval) Duration() time.Duration { return time.Duration(i) }

// MarshalJSON writes the text of String.
func (i Interval) MarshalJSON() ([]byte, error) { return json.Marshal(i.String()) }

// UnmarshalJSON reads what ParseInterval reads.
func (i *Interval) UnmarshalJSON(text []byte) error {
	var s string
	if err := json.Unmarshal(text, &s); err != nil {
		return fmt.Errorf("a time span must be text: %w", err)
	}
	parsed, err := ParseInterval(s)
	if err == nil {
		*i = parsed
	}
	return err
}
