// Package service is the Backup Service of one pool: it runs a cycle for each module, listens for the
// partner and for administrators, and says how things stand.
//
// It promises that a status is never better than what was last acknowledged, that it turns stale by
// itself, that settings take effect without a restart, that a file store which is not there yet is
// waited for, that one which does not answer is told and holds up nothing but the work on it, and that
// Run returns within ten seconds of its context's end. It may import replica and everything below it,
// admin, certificate, settings, topology and module.
package service
