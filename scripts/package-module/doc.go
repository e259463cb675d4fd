// Command package-module makes the PowerShell modules as they are published: the folders CsBackup,
// SkypeForBusiness and Lync, the executables for each platform where CsBackup looks for them, the
// license, and SHA256SUMS over all of it.
//
//	go run ./scripts/package-module --out dist/modules --zip dist/csbackup-modules.zip
//
// The same sources and the same Go give the same bytes, wherever and whenever it runs: no path, no
// time and no state of a checkout goes in. The version is the one of CsBackup's manifest, and the
// executables carry it too. It needs Go and nothing else, and imports nothing of the project.
package main
