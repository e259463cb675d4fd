// Package browsertest opens pages of the project in a real Chromium, for tests.
//
// It promises that a test is skipped, with the reason, where no Chromium is installed; that everything that a
// page complains about is kept (errors in the console, exceptions, violations of its content security policy,
// requests that failed); and that no page reaches another host than this one. CSBACKUP_TEST_CHROMIUM names
// another executable than the one on the PATH. With CSBACKUP_TEST_SCREENSHOTS it keeps the screenshots that
// tests take in that folder.
//
// It imports nothing of the project.
package browsertest
