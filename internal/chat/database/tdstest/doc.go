// Package tdstest is a small server that speaks TDS 7.4, so that what goes wrong between csbackup and SQL
// Server can be made to happen in a test.
//
// It promises to understand exactly what package database sends: logins (SQL Server's own, NTLM and Kerberos), TLS in
// both forms, batches, sp_executesql with parameters, bulk loads, transactions and attention. The
// statements run in an SQLite file; text is kept there as the bytes that came over the wire, so nothing of
// it can change. A test's Intercept function sees each packet and each request before it is served, and
// may have it fail in any way that Action lists.
//
// It is no product: it knows no other SQL, trusts its client and ends with the test. It imports nothing of
// the project.
package tdstest
