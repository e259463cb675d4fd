package database

import (
	"fmt"
	"net/url"
	"os"
	"runtime"
	"strconv"
	"strings"

	"csbackup/internal/failure"
)

// The variables that carry the login; they never stand in a command line. Kerberos also reads the three
// variables of its own tools: KRB5_CONFIG, KRB5CCNAME and KRB5_KTNAME.
const (
	UserVariable           = "CSBACKUP_SQL_USER"
	PasswordVariable       = "CSBACKUP_SQL_PASSWORD"
	PasswordFileVariable   = "CSBACKUP_SQL_PASSWORD_FILE"
	AuthenticationVariable = "CSBACKUP_SQL_AUTHENTICATION" // sql, ntlm or kerberos, where the user's form would say another one
)

// authentication is how a login proves itself.
type authentication string

const (
	bySQL      authentication = "sql"      // user and password of SQL Server
	byNTLM     authentication = "ntlm"     // DOMAIN\user and password
	byKerberos authentication = "kerberos" // the ticket of kinit, or user@REALM with a password or a keytab
	byWindows  authentication = "windows"  // the account that runs the program
)

// chooseAuthentication is pure: it looks at the form of the user's name where nothing is asked for.
func chooseAuthentication(user, asked, system string) (authentication, error) {
	switch a := authentication(strings.ToLower(asked)); {
	case a == "":
	case (a == bySQL || a == byNTLM) && user == "":
		return "", fmt.Errorf("%s=%s needs %s", AuthenticationVariable, asked, UserVariable)
	case a == byNTLM && !strings.Contains(user, `\`):
		return "", fmt.Errorf(`%s=%s needs a %s of the form DOMAIN\user`, AuthenticationVariable, asked, UserVariable)
	case a == bySQL, a == byNTLM, a == byKerberos && system != "windows":
		return a, nil
	default:
		return "", fmt.Errorf("%s is %.20q, which is none of sql, ntlm and (except on Windows, where it is built in) kerberos", AuthenticationVariable, asked)
	}
	switch {
	case user == "" && system == "windows":
		return byWindows, nil
	case user == "":
		return byKerberos, nil
	case strings.Contains(user, `\`):
		return byNTLM, nil
	case strings.Contains(user, "@") && system != "windows":
		return byKerberos, nil
	}
	return bySQL, nil
}

// withLogin takes the login from the variables.
func (i Instance) withLogin(lookup func(string) string) (Instance, error) {
	i.User, i.password = lookup(UserVariable), lookup(PasswordVariable)
	path := lookup(PasswordFileVariable)
	if i.User == "" && (i.password != "" || path != "") {
		return Instance{}, failure.New(failure.InvalidUsage, i.Name, "A password for SQL Server is given, but no user",
			"Set "+UserVariable+" too, or neither to log in as yourself.")
	}
	if i.password == "" && path != "" {
		content, err := os.ReadFile(path)
		if err != nil {
			return Instance{}, failure.Wrap(failure.FileNotReadable, path, "The file of the SQL Server password cannot be read",
				"Correct "+PasswordFileVariable+".", err)
		}
		i.password = strings.TrimRight(string(content), "\r\n")
	}
	var err error
	if i.authentication, err = chooseAuthentication(i.User, lookup(AuthenticationVariable), runtime.GOOS); err != nil {
		return Instance{}, failure.Wrap(failure.InvalidUsage, i.Name, "The login to SQL Server cannot be prepared", "Correct or unset the variable.", err)
	}
	if i.authentication == byKerberos {
		i.kerberos, err = kerberosFiles(lookup)
	}
	return i, err
}

// The provider of Kerberos, and its parameters in the driver's address.
const (
	kerberosProvider      = "csbackup-kerberos"
	kerberosConfiguration = "csbackup-kerberos-configuration"
	kerberosCache         = "csbackup-kerberos-cache"
	kerberosKeytab        = "csbackup-kerberos-keytab"
)

// kerberosFiles gives the parameters for the files that Kerberos reads.
func kerberosFiles(lookup func(string) string) (map[string]string, error) {
	files := map[string]string{kerberosConfiguration: "/etc/krb5.conf", kerberosCache: "/tmp/krb5cc_" + strconv.Itoa(os.Getuid()), kerberosKeytab: "/etc/krb5.keytab"}
	for variable, parameter := range map[string]string{"KRB5_CONFIG": kerberosConfiguration, "KRB5CCNAME": kerberosCache, "KRB5_KTNAME": kerberosKeytab} {
		value := lookup(variable)
		if value == "" {
			continue
		}
		path := strings.TrimPrefix(value, "FILE:")
		if kind, _, ok := strings.Cut(path, ":"); ok && kind == strings.ToUpper(kind) && len(kind) > 1 {
			return nil, failure.New(failure.InvalidUsage, variable, fmt.Sprintf("%s is %.100q, which is not a file", variable, value),
				"Let Kerberos keep it in a file, for example: export KRB5CCNAME=FILE:/tmp/krb5cc_csbackup; kinit.")
		}
		files[parameter] = path
	}
	return files, nil
}

// loginParameters adds the login to the driver's address.
func (i Instance) loginParameters(address *url.URL, values url.Values) {
	if i.User != "" {
		address.User = url.UserPassword(i.User, i.password)
	}
	switch i.authentication {
	case byKerberos:
		values.Set("authenticator", kerberosProvider)
		for parameter, path := range i.kerberos {
			values.Set(parameter, path)
		}
	case byNTLM:
		values.Set("authenticator", "ntlm")
	}
}
