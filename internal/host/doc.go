// Package host is the door for the PowerShell module, and for any other program that wants to call
// csbackup without reading text: one request in, events out.
//
// # Protocol 1
//
// The caller starts "csbackup host" and writes one request to its standard input: one JSON object
// on one line of at most 1 MiB, in UTF-8, ended by a line feed. A byte order mark before it is
// passed over.
//
//		{"protocol":1,"command":"status","parameters":{"PoolFqdn":"pool1.contoso.com"},"topology":"C:\\csbackup\\pools.yaml"}
//
//	  - protocol is 1. Any other number is answered with the error ProtocolMismatch.
//	  - command is a command's path as a person types it: "sync", "configuration get", "chat export".
//	  - parameters holds the command's options by their PascalCase names, exactly as spelled in the
//	    option structs of package command: strings, numbers, true and false, lists. null and a left
//	    out parameter mean the same. Unknown and repeated names are refused.
//	  - topology is the topology file; left out, CSBACKUP_TOPOLOGY holds.
//	  - temporary is a folder that the caller has made for this request alone, called csbackup- and 32
//	    hexadecimal digits. When the command is cancelled, it is taken away with the files import.zip and
//	    export.zip in it, for the caller may be gone.
//
// The answer on standard output is JSON Lines in ASCII, each with "schema":1 and a "type":
//
//	{"schema":1,"type":"hello","protocol":1,"version":"…"}   always the first line
//	{"schema":1,"type":"verbose","message":"…"}              a step, for those who want to follow
//	{"schema":1,"type":"warning","message":"…"}              what a person must know
//	{"schema":1,"type":"progress","Activity":"…","Status":"…","Done":1,"Total":2,"Unit":"files",
//	 "Bytes":1,"TotalBytes":2,"SecondsLeft":-1,"Completed":false}
//	{"schema":1,"type":"alive"}                              every 5 s, whatever else is said
//	{"schema":1,"type":"object","object":{…}}                one result, properties as the cmdlet's
//	{"schema":1,"type":"result"}                             the last line when all is done
//	{"schema":1,"type":"error","Id":"…","Category":"…","Message":"…","Hint":"…","Target":"…"}
//	                                                         the last line otherwise
//
// An error's Hint and the Reason of a status speak of cmdlets and their parameters, and of a command
// line only where no cmdlet does the same.
//
// A stream without a result or an error as its last line was cut short and means failure, whatever
// the exit code says. The exit code is that of the same command on the command line.
//
// Kinds of events that the caller does not know are to be passed over: there may be more of them
// in a later release of the same protocol. A caller that has heard nothing for a minute may take
// the program for dead.
//
// Where a command takes bytes (an archive to import), they follow the request's line feed on
// standard input as one line of base64. Where a command gives bytes (an archive that was asked for
// as bytes), they come as events between the others, in order, each to be decoded by itself:
//
//	{"schema":1,"type":"bytes","base64":"…"}
//
// The end of standard input cancels the command, and so does a standard output that nobody reads
// any more: the caller keeps both open until it has read the last line. A cancelled command takes
// away its temporary files and ends within 1.5 seconds. What the caller sends besides is ignored.
//
// # What the package promises
//
// A request that is wrong, too long or hostile is answered with one error event, in bounded time
// and memory, and nothing was done. The package imports command, report and failure; only cli
// imports it.
package host
