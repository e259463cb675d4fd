package command

import "testing"

// Only a service that runs csbackup is ours to stop and remove: the original's is not, whatever it is called.
func TestWhichServicesAreOurs(t *testing.T) {
	const own = `C:\Tools\backup tool.exe`
	for imagePath, want := range map[string]bool{
		`"C:\Program Files\csbackup\csbackup.exe" serve --pool-fqdn pool1.contoso.com`:   true,
		`C:\csbackup\CSBackup.exe serve --pool-fqdn pool1.contoso.com`:                   true,
		`C:\csbackup\csbackup.exe "serve" --pool-fqdn pool1.contoso.com`:                 true,
		`"C:\Tools\backup tool.exe" serve`:                                               true,
		`"C:\Program Files\Skype for Business Server 2015\Server\LyncBackupService.exe"`: false,
		`C:\Program Files\Lync\LyncBackupService.exe serve`:                              false,
		`C:\csbackup\csbackup.exe`:                                                       false,
		`C:\csbackup\csbackup.exe version`:                                               false,
		`C:\csbackup.exe\other.exe serve`:                                                false,
		`C:\other.exe C:\csbackup\csbackup.exe serve`:                                    false,
		``:                            false,
		`"`:                           false,
		`serve`:                       false,
		`csbackup`:                    false,
		`.exe serve`:                  false,
		`"" serve`:                    false,
		`\\fe1\c$\csbackup.exe serve`: true,
	} {
		if isOurs(imagePath, own) != want {
			t.Errorf("%q: want %v", imagePath, want)
		}
	}
	if serviceName("pool1.contoso.com") != "csbackup-pool1.contoso.com" {
		t.Error("the name is another one than in the contract")
	}
}
