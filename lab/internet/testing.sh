#!/bin/bash
# Adds Debian testing to a Debian 13 image, for the packages that are asked for with `-t forky` or `NAME/forky` only.
#
# usage: testing.sh SUITE      (forky; trixie changes nothing)
#
# The snapshot's Release file may have expired: its signature still counts, its date does not.
set -euo pipefail

suite=$1
if [ "$suite" = trixie ]; then exit 0; fi

echo "deb http://deb.debian.org/debian $suite main" >"/etc/apt/sources.list.d/$suite.list"
printf 'Package: *\nPin: release n=%s\nPin-Priority: 100\n' "$suite" >"/etc/apt/preferences.d/$suite"
echo 'Acquire::Check-Valid-Until "false";' >/etc/apt/apt.conf.d/90-testing
