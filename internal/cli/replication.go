package cli

import "github.com/spf13/cobra"

const exitCodes = "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 partly done (what was left out is named), 4 unknown pool, 5 refused, 6 service not reached, 130 cancelled."

// addReplication adds the commands of the Backup Service.
func addReplication(root *cobra.Command, s *session) {
	s.add(root, leaf{path: "serve", use: "serve", short: "Runs the Backup Service of one pool until it is stopped",
		long:    "Runs the Backup Service of one pool on this machine: it sends what changes to the backup pool,\nreceives what changes there, and answers the other commands.\n\n" + exitCodes,
		example: "  csbackup serve --pool-fqdn pool1.contoso.com --topology /etc/csbackup/pools.yaml \\\n    --certificate pool1.pem --private-key pool1.key --ca ca.pem"})
	s.add(root, leaf{path: "sync", use: "sync", short: "Sends everything that differs from a pool to its backup pool",
		long:    "Asks the pool's Backup Service to compare with its partner in full and to send what differs.\nTo restore what pool 1 lost, name pool 2. Returns once the request is accepted.\n\n" + exitCodes,
		example: "  csbackup sync --pool-fqdn pool2.contoso.com --backup-module ConfServices.DataConf --wait"})
	s.add(root, leaf{path: "status", use: "status", short: "Shows how a pool's backup stands, in both directions",
		long: exitCodes, example: "  csbackup status --pool-fqdn pool1.contoso.com\n  csbackup status --pool-fqdn pool1.contoso.com --category UserData --output json"})
	s.add(root, leaf{path: "relationship", use: "relationship", short: "Shows which pool is a pool's backup pool, from the topology",
		long: exitCodes, example: "  csbackup relationship --pool-fqdn pool1.contoso.com"})

	configuration := s.group(root, "configuration", "Shows and changes the Global settings of the Backup Service")
	s.add(configuration, leaf{path: "configuration get", use: "get", short: "Shows the settings",
		long: exitCodes, example: "  csbackup configuration get"})
	s.add(configuration, leaf{path: "configuration set", use: "set", short: "Changes settings at every service that answers",
		long: exitCodes, example: "  csbackup configuration set --sync-interval 00:05:00 --enable-rgs-backup-service true"})
	s.add(configuration, leaf{path: "configuration reset", use: "reset", short: "Returns the settings to their defaults",
		long: exitCodes, example: "  csbackup configuration reset"})

	versions := s.group(root, "versions", "Lists and brings back kept versions of replaced and deleted files")
	s.add(versions, leaf{path: "versions list", use: "list", short: "Lists the kept versions on a pool's store",
		long: exitCodes, example: "  csbackup versions list --pool-fqdn pool1.contoso.com --path CollabContent/meeting"})
	s.add(versions, leaf{path: "versions restore", use: "restore", short: "Brings a kept version back to its place",
		long: exitCodes, example: "  csbackup versions restore --pool-fqdn pool1.contoso.com --path CollabContent/meeting/slides.bin"})

	loss := s.group(root, "loss", "Shows and confirms what the loss brake holds back")
	s.add(loss, leaf{path: "loss show", use: "show", short: "Shows what the loss brake holds back, and why",
		long: exitCodes, example: "  csbackup loss show --pool-fqdn pool1.contoso.com"})
	s.add(loss, leaf{path: "loss confirm", use: "confirm", short: "Says that a held loss was meant; it then travels as deletions",
		long: exitCodes, example: "  csbackup loss confirm --pool-fqdn pool1.contoso.com --plan 3f9a51c2"})

	store := s.group(root, "store", "Takes a file store over from a pool that has a new name")
	s.add(store, leaf{path: "store adopt", use: "adopt", short: "Gives a pool the file store of the pool that it was called before",
		long: "A file store carries the name of its pool. When the pool is called otherwise now, its service stops with\nErrorState. Without --plan this shows whose store it is and changes nothing; with the plan's id the store belongs\n" +
			"to the pool from then on. What the service knows of the store stays: nothing is sent or deleted for it.\nDo it on each pool that has a new name.\n\n" + exitCodes,
		example: "  csbackup store adopt --pool-fqdn pool1.contoso.com\n  csbackup store adopt --pool-fqdn pool1.contoso.com --plan 3f9a51c2"})
}

// addRest adds the commands around it.
func addRest(root *cobra.Command, s *session) {
	certificate := s.group(root, "certificate", "Makes certificates for labs")
	s.add(certificate, leaf{path: "certificate create", use: "create", short: "Makes a small private authority and a certificate signed by it",
		long: exitCodes, example: "  csbackup certificate create --dir certs --pool-fqdn pool1.contoso.com\n  csbackup certificate create --dir certs --client admin1"})
	service := s.group(root, "service", "Installs and removes the Windows service of a pool")
	s.add(service, leaf{path: "service install", use: "install", short: "Installs the Windows service, or prints the unit for systemd",
		long: exitCodes, example: "  csbackup service install --pool-fqdn pool1.contoso.com --topology C:\\csbackup\\pools.yaml --certificate C:\\csbackup\\pool1.pfx"})
	s.add(service, leaf{path: "service uninstall", use: "uninstall", short: "Removes the Windows service; data and state stay",
		long: "A service of another program is never removed, whatever its name.\n\n" + exitCodes, example: "  csbackup service uninstall --pool-fqdn pool1.contoso.com\n  csbackup service uninstall --service-name LYNCBACKUP"})
	s.add(root, leaf{path: "demo", use: "demo", short: "Shows the main job on this machine: pair, lose, restore, compare",
		long: "Makes two pools with content on this machine, pairs them, loses one pool's conference content,\nrestores it from the other and compares both. Then carries a Persistent Chat database through an archive\n" +
			"into an empty one, and compares every row. Cleans up after itself unless --dir is given.\n\n" + exitCodes, example: "  csbackup demo"})
	s.add(root, leaf{path: "version", use: "version", short: "Shows version, commit and Go version",
		long: exitCodes, example: "  csbackup version"})
	addHost(root, s)
}
