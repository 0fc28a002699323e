// Package remote runs commands on hosts over SSH and copies files to them over SFTP: the resources
// `command:remote:Command` and `command:remote:CopyToRemote` with the inputs, defaults and semantics of
// @pulumi/command 1.2.1.
//
// As in 1.2.1, any changed input updates a Command, a rotated private key or a new port too: `update` is run, or
// `create` where there is no `update`. Commands must therefore be idempotent. A changed trigger replaces it.
//
// It differs where 1.2.1 would hang or lose something: perDialTimeout bounds the handshake and not only the connect, a
// wrong host key is final, cancelling ends a running command, lines of any length are shown, and an error repeats only
// the beginning of the command's text.
package remote
