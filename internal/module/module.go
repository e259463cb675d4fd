package module

import (
	"fmt"
	"strings"

	"csbackup/internal/failure"
)

// Module is one backup module.
type Module struct {
	Identity string // the full name, as in "ConfServices.DataConf"
	Short    string // the part after the dot, as in "DataConf"
	Category string // "UserData", "CMS" or "RGS"
	Held     bool   // csbackup holds and replicates its data
}

// The names of the modules.
const (
	presenceFocus = "UserServices.PresenceFocus"
	dataConf      = "ConfServices.DataConf"
	cmsMaster     = "CentralMgmt.CMSMaster"
	rgsDataStore  = "ApplicationServer.RGSDataStore"
	rgsFileStore  = "ApplicationServer.RGSFileStore"
)

// The modules, each by its name.
var (
	PresenceFocus = Module{presenceFocus, "PresenceFocus", "UserData", false}
	DataConf      = Module{dataConf, "DataConf", "UserData", true}
	CMSMaster     = Module{cmsMaster, "CMSMaster", "CMS", false}
	RGSDataStore  = Module{rgsDataStore, "RGSDataStore", "RGS", false}
	RGSFileStore  = Module{rgsFileStore, "RGSFileStore", "RGS", true}
)

// All lists every module in the order in which a status shows them.
func All() []Module {
	return []Module{PresenceFocus, DataConf, CMSMaster, RGSDataStore, RGSFileStore}
}

// Parse understands a full or short name, or "All", in any case. It fails with UnknownModule.
func Parse(name string) ([]Module, error) {
	if strings.EqualFold(name, "All") {
		return All(), nil
	}
	names := make([]string, 0, 2*len(All()))
	for _, m := range All() {
		if strings.EqualFold(name, m.Identity) || strings.EqualFold(name, m.Short) {
			return []Module{m}, nil
		}
		names = append(names, m.Identity)
	}
	for _, m := range All() {
		names = append(names, m.Short)
	}
	names = append(names, "All")
	return nil, unknown(failure.UnknownModule, "backup module", name, names)
}

// ParseCategory gives the modules of a category, named in any case. It fails with UnknownCategory.
func ParseCategory(name string) ([]Module, error) {
	var found []Module
	for _, m := range All() {
		if strings.EqualFold(name, m.Category) {
			found = append(found, m)
		}
	}
	if len(found) == 0 {
		return nil, unknown(failure.UnknownCategory, "category", name, []string{"UserData", "CMS", "RGS"})
	}
	return found, nil
}

func unknown(id failure.ID, what, name string, valid []string) error {
	hint := "Use one of: " + strings.Join(valid, ", ") + "."
	if near, ok := Nearest(name, valid); ok {
		hint = "Did you mean " + near + "? " + hint
	}
	return failure.New(id, shown(name), fmt.Sprintf("There is no %s named %q", what, shown(name)), hint)
}

// shown keeps a hostile name from filling the screen.
func shown(name string) string {
	const most = 100
	runes := []rune(name[:min(len(name), 4*most)])
	if len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return string(runes)
}
