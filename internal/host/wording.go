package host

import (
	"reflect"
	"regexp"
	"strings"
	"sync"

	"csbackup/internal/command"
	"csbackup/internal/failure"
)

// Cmdlets maps the commands that a cmdlet of the PowerShell module stands for to its name.
var Cmdlets = map[string]string{
	"sync":                "Invoke-CsBackupServiceSync",
	"status":              "Get-CsBackupServiceStatus",
	"relationship":        "Get-CsPoolBackupRelationship",
	"configuration get":   "Get-CsBackupServiceConfiguration",
	"configuration set":   "Set-CsBackupServiceConfiguration",
	"configuration reset": "Remove-CsBackupServiceConfiguration",
	"chat export":         "Export-CsPersistentChatData",
	"chat import":         "Import-CsPersistentChatData",
}

// elsewhere holds the flags of these commands that are no parameters: each with the environment variable
// that takes its place, or with nothing, where only the executable has it.
var elsewhere = map[string]string{
	"certificate":   "CSBACKUP_CERTIFICATE",
	"private-key":   "CSBACKUP_PRIVATE_KEY",
	"ca":            "CSBACKUP_CA",
	"password-file": "CSBACKUP_PASSWORD_FILE",
	"runtime-dir":   "CSBACKUP_RUNTIME_DIR",

	"file-store":                "",
	"replace":                   "",
	"leave-out-unknown-columns": "",
	"legacy-tls":                "",
	"log-level":                 "",
	"topology":                  "",
}

// onlyHere holds flags that the executable alone has for a command, and others as a parameter.
var onlyHere = map[string]bool{"chat export --force": true, "chat import --force": true}

// parameters maps every other flag of these commands to the parameter, which is spelled as its option.
var parameters = sync.OnceValue(func() map[string]string {
	table, found := command.Table(), map[string]string{}
	for path := range Cmdlets {
		for _, option := range fieldNames(reflect.TypeOf(table[path]()).Elem()) {
			found[strings.ToLower(option)] = "-" + option
		}
	}
	return found
})

// mention is a command line of the program in a text, with its flags, or a flag by itself.
var mention = regexp.MustCompile(`\bcsbackup [a-z-]+(?: [a-z][a-z-]*)?(?: --[a-z][a-z-]*(?:[ =][^\s"-][^\s"]*)?)*|` + flag.String())

var flag = regexp.MustCompile(`\B--[a-z][a-z-]*`)

// Word puts an advice that speaks of the command line into the words of the PowerShell module. What
// only the executable can do stays a command line.
func Word(advice string) string {
	return mention.ReplaceAllStringFunc(advice, func(found string) string {
		line, isLine := strings.CutPrefix(found, "csbackup ")
		if !isLine {
			return wordFlag(found)
		}
		for path, cmdlet := range Cmdlets {
			if rest, is := strings.CutPrefix(line, path); is && (rest == "" || rest[0] == ' ') {
				return wordLine(found, path, cmdlet, rest)
			}
		}
		return found
	})
}

// wordLine gives a cmdlet with its parameters for a command line, which stays where one of them is none.
func wordLine(line, path, cmdlet, rest string) string {
	for _, one := range flag.FindAllString(rest, -1) {
		if _, is := elsewhere[strings.TrimPrefix(one, "--")]; is || onlyHere[path+" "+one] {
			return line
		}
	}
	return cmdlet + flag.ReplaceAllStringFunc(rest, wordFlag)
}

// wordFlag gives what takes the place of a flag.
func wordFlag(flag string) string {
	name := strings.TrimPrefix(flag, "--")
	if variable, known := elsewhere[name]; variable != "" {
		return variable
	} else if known {
		return "the executable's " + flag
	}
	if parameter, known := parameters()[strings.ReplaceAll(name, "-", "")]; known {
		return parameter
	}
	return flag
}

// worded gives a failure's advice the words of the module.
func worded(err error) error {
	if err == nil {
		return nil
	}
	shown := *failure.Of(err)
	shown.Hint = Word(shown.Hint)
	return &shown
}
