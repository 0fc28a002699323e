// Package remote runs commands on hosts over SSH and copies files to them over SFTP: the resources
// `command:remote:Command` and `command:remote:CopyToRemote` with the inputs, defaults and semantics of
// @pulumi/command 1.2.1.
//
// As in 1.2.1, any changed input updates a Command, a rotated private key or a new port too: `update` is run, or
// `create` where there is no `update`. Commands must therefore be idempotent. A changed trigger replaces it.
//
// It is as strict as 1.2.1, so that whoever runs against it meets what others will: a line of 64 KiB, which blocks
// 1.2.1 for ever, and output that is not UTF-8 fail the command; an SSH_AUTH_SOCK that leads nowhere fails it though a
// key is given; an RSA host key may sign with SHA-1 only; a failed handshake at or behind a proxy is final; a wrong
// host key is dialled until the limit; and each command's connection stays open until the plugin ends.
//
// It differs in three things: perDialTimeout bounds the handshake and not only the connect, cancelling ends a running
// command, and an error repeats only the beginning of the command's text.
package remote
