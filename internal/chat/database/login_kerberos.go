//go:build !windows

package database

import _ "github.com/microsoft/go-mssqldb/integratedauth/krb5" // makes itself known to the driver
