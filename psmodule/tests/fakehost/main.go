package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
)

const (
	hello  = `{"schema":1,"type":"hello","protocol":1,"version":"9.9.9"}`
	alive  = `{"schema":1,"type":"alive"}`
	result = `{"schema":1,"type":"result"}`
	status = `{"schema":1,"type":"object","object":{"PoolFqdn":"pool1.contoso.com","BackupPoolFqdn":"pool2.contoso.com","ActiveMachineFqdn":"fe1.contoso.com",` +
		`"OverallExportStatus":"FinalState","OverallImportStatus":"NormalState","BackupModules":[{"Identity":"ConfServices.DataConf","ExportStatus":"FinalState",` +
		`"ImportStatus":"NormalState","Reason":"","Backlog":0,"BacklogBytes":0,"LastExportTime":"2026-01-31T12:00:00.123456789Z","LastImportTime":null,` +
		`"LastAcknowledgedTime":null,"Conflicts":0,"Suspects":0}]}}`
)

// modes says what the program does under each name.
var modes = map[string]func(){
	// What a good executable of another release does.
	"good": func() {
		say(hello)
		_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
		say(status, result)
	},
	// Only the request is of interest.
	"record": func() {
		say(hello)
		line, _ := bufio.NewReader(os.Stdin).ReadString('\n')
		record(line)
		say(result)
	},
	// An export of 100 MB.
	"archive": func() {
		say(hello)
		var asked struct{ Parameters struct{ FileName string } }
		line, _ := bufio.NewReader(os.Stdin).ReadBytes('\n')
		if err := json.Unmarshal(line, &asked); err != nil {
			return
		}
		write(asked.Parameters.FileName, strings.Repeat("x", 100<<20))
		say(result)
	},
	// What is no answer at all.
	"nonsense":       func() { say("Usage: something else entirely", "{not json}") },
	"late-nonsense":  func() { say(hello, "{not json}", result) },
	"nothing":        func() {},
	"no-result":      func() { say(hello) },
	"half":           func() { fmt.Print(hello + "\n" + `{"schema":1,"type":"resu`) },
	"crash":          func() { say(hello); panic("something broke inside") },
	"gigabyte":       func() { endless("x") },
	"late-gigabyte":  func() { say(hello); endless("{") },
	"other-protocol": func() { say(`{"schema":1,"type":"hello","protocol":2,"version":"9.9.9"}`, result) },
	"wrong-object":   func() { say(hello, `{"schema":1,"type":"object","object":{"Something":"else"}}`, result) },
	"wrong-progress": func() {
		say(hello, `{"schema":1,"type":"progress","Activity":"x","Done":"some","Total":"all","Bytes":"few","TotalBytes":"many","SecondsLeft":"none"}`, result)
	},
	"many-objects": func() {
		say(hello)
		for {
			say(status)
		}
	},
	"error": func() {
		say(hello, `{"schema":1,"type":"error","Id":"PoolNotFound","Category":"ObjectNotFound","Message":"There is no pool \"x\"","Hint":"Look.","Target":"x"}`)
	},
	// An error of a kind that the module has never heard of.
	"strange-error": func() {
		say(hello, `{"schema":1,"type":"error","Id":"","Category":"Nothing","Message":"","Hint":null}`)
	},
	"steering": func() { say(hello, `{"schema":1,"type":"warning","message":"a\u001b[2Jb\u202ec"}`, result) },
	// What says nothing, and does not notice that nobody wants it any more.
	"silent": func() { forever("") },
	"stuck":  func() { say(hello); forever(alive) },
	"chatter": func() {
		say(hello)
		go func() {
			for {
				fmt.Fprintln(os.Stderr, strings.Repeat("noise ", 100))
			}
		}()
		time.Sleep(time.Second)
		say(result)
	},
	// What ends as it should when its standard input does.
	"obedient": func() {
		say(hello)
		go forever(alive)
		_, _ = io.Copy(io.Discard, os.Stdin)
		record("standard input ended\n")
	},
}

func main() {
	if len(os.Args) != 2 || os.Args[1] != "host" {
		fmt.Fprintln(os.Stderr, "fakehost: call it as \"fakehost host\"")
		os.Exit(2)
	}
	if name := os.Getenv("FAKEHOST_PID"); name != "" {
		write(name, strconv.Itoa(os.Getpid()))
	}
	mode, known := modes[os.Getenv("FAKEHOST")]
	if !known {
		fmt.Fprintf(os.Stderr, "fakehost: FAKEHOST is %q, which is none of its modes\n", os.Getenv("FAKEHOST"))
		os.Exit(2)
	}
	mode()
}

func say(lines ...string) {
	for _, line := range lines {
		fmt.Println(line)
	}
}

// endless writes a line without an end, for as long as somebody reads it.
func endless(of string) {
	block := strings.Repeat(of, 1<<16)
	for {
		if _, err := fmt.Print(block); err != nil {
			return
		}
	}
}

func forever(line string) {
	for {
		if line != "" {
			say(line)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func record(text string) {
	if name := os.Getenv("FAKEHOST_RECORD"); name != "" {
		write(name, text)
	}
}

func write(name, text string) {
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		fmt.Fprintln(os.Stderr, "fakehost:", err)
		os.Exit(1)
	}
}
