// Package settings keeps the one Global set of settings of the Backup Service.
//
// It promises that a set out of range is never kept, that a crash leaves the old set or the new one,
// that a damaged file is set aside and reported instead of stopping the service, and that two
// services that exchange what they have end with the same set. It imports only failure.
package settings
