package failure

import "slices"

// The ids that any command can give. Those of one area stand in a file of their own beside this one.
const (
	UnexpectedError ID = "UnexpectedError"
	Cancelled       ID = "Cancelled"
	InvalidUsage    ID = "InvalidUsage"
	UnknownModule   ID = "UnknownModule"
	UnknownCategory ID = "UnknownCategory"
	OutOfRange      ID = "ValueOutOfRange"
	FileNotFound    ID = "FileNotFound"
	FileNotWritable ID = "FileNotWritable"
	FileNotReadable ID = "FileNotReadable"
	FileExists      ID = "FileExists"
	DiskFull        ID = "DiskFull"
	PartlyDone      ID = "PartlyDone"
)

var common = []Kind{
	{UnexpectedError, NotSpecified, ExitFailed, "something failed that has no kind of its own"},
	{Cancelled, OperationStopped, ExitCancelled, "stopped by the user or by the end of standard input"},
	{InvalidUsage, InvalidArgument, ExitUsage, "flags or parameters that do not fit together"},
	{UnknownModule, InvalidArgument, ExitUsage, "a backup module's name that does not exist"},
	{UnknownCategory, InvalidArgument, ExitUsage, "a category's name that does not exist"},
	{OutOfRange, InvalidArgument, ExitUsage, "a value outside its range"},
	{FileNotFound, ObjectNotFound, ExitUnknown, "a named file or folder does not exist"},
	{FileNotWritable, WriteError, ExitFailed, "a file could not be written"},
	{FileNotReadable, ReadError, ExitFailed, "a file could not be read"},
	{FileExists, ResourceExists, ExitRefused, "a file is there already that is not replaced without being asked to"},
	{DiskFull, ResourceUnavailable, ExitFailed, "a volume has no room left"},
	{PartlyDone, NotSpecified, ExitPartly, "something was left out and is named"},
}

var kinds = index(common, replication, chat)

func index(areas ...[]Kind) map[ID]Kind {
	all := map[ID]Kind{}
	for _, area := range areas {
		for _, k := range area {
			all[k.ID] = k
		}
	}
	return all
}

// Kinds lists the whole table, sorted by id.
func Kinds() []Kind {
	list := make([]Kind, 0, len(kinds))
	for _, k := range kinds {
		list = append(list, k)
	}
	slices.SortFunc(list, func(a, b Kind) int {
		if a.ID < b.ID {
			return -1
		}
		return 1
	})
	return list
}
