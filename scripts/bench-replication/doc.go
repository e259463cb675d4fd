// Command bench-replication measures csbackup beside the tools that people use instead: rsync over its
// daemon, rclone, unison and syncthing, as far as they are installed, and cp with sync as the floor. It
// makes its own data, runs everything on this machine over loopback, and prints one table with ratios.
//
// Every figure is the time until the content is durable: csbackup and syncthing flush by themselves,
// the others are followed by a sync of the file system, within the time. Before each measurement the
// caches are warm and nothing is left to be written, for all alike. Nothing is deleted before the end:
// ext4 avoids inodes that were just freed, which would slow down whoever comes next. The file contents
// are random, as the encrypted originals are, and nothing in csbackup knows of this data.
//
// Give --dir a folder on a disk: on a file system in memory nothing has to be made durable.
package main
