// Package local runs commands on this machine: the resource `command:local:Command` with the inputs, defaults and
// semantics of @pulumi/command 1.2.1. The function `local.run` is not there.
package local
