#!/usr/bin/env bash
# Makes the image berth/base:trixie from Debian's packages, for machines that reach no image registry.
#
# usage: lab/base/build.sh
#
# Needs root on Debian or Ubuntu, and docker. Does nothing where the image is up to date.
set -euo pipefail

image=berth/base:trixie
suite=trixie
mirror=http://deb.debian.org/debian
security=http://deb.debian.org/debian-security

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=components/host/image/steps.sh
source "$here/../../components/host/image/steps.sh"

up_to_date() { [ "$(image_label "$image" berth.source)" = "$source_hash" ]; }

check_machine() {
    if [ "$(id -u)" -ne 0 ]; then
        echo "lab/base/build.sh unpacks a Debian system and has to be root to do so: run it with sudo." >&2
        exit 1
    fi
    if ! command -v debootstrap >/dev/null && ! command -v apt-get >/dev/null; then
        echo "lab/base/build.sh needs debootstrap, which Debian and Ubuntu have. Elsewhere use a base image from a registry (debian:trixie or ubuntu:24.04)." >&2
        exit 1
    fi
}

install_debootstrap() {
    apt-get update || echo "some sources failed; going on with the others"
    DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends debootstrap
}

unpack_debian() {
    debootstrap --variant=minbase --include=ca-certificates "$suite" "$root" "$mirror"
    rm -rf "$root"/var/cache/apt/*.bin "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/* "$root"/var/log/*.log
}

# Updates and security fixes come from suites of their own, which not every mirror has.
write_sources() {
    echo "deb $mirror $suite main" >"$root/etc/apt/sources.list"
    add_source_if_reachable "$mirror" "$suite-updates"
    add_source_if_reachable "$security" "$suite-security"
}

add_source_if_reachable() {
    local list=$root/etc/apt/sources.list
    cp "$list" "$list.before"
    echo "deb $1 $2 main" >>"$list"
    if chroot "$root" apt-get -o APT::Update::Error-Mode=any update; then
        rm "$list.before"
    else
        echo "$1 $2 cannot be had"
        mv "$list.before" "$list"
    fi
    rm -rf "$root"/var/lib/apt/lists/*
}

# As the official images do: no service starts while packages are being installed, and downloads are not kept.
settle_packaging() {
    printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
    chmod 755 "$root/usr/sbin/policy-rc.d"
    # shellcheck disable=SC2016 # apt expands nothing here either
    echo 'DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/*.bin || true"; };' >"$root/etc/apt/apt.conf.d/docker-clean"
    echo 'Acquire::Languages "none";' >"$root/etc/apt/apt.conf.d/docker-no-languages"
    echo force-unsafe-io >"$root/etc/dpkg/dpkg.cfg.d/docker-unsafe-io"
}

# Manuals and translations are left out, now and in later installs; licences stay.
leave_out_manuals() {
    cat >"$root/etc/dpkg/dpkg.cfg.d/docker-no-manuals" <<'END'
path-exclude /usr/share/doc/*
path-include /usr/share/doc/*/copyright
path-exclude /usr/share/info/*
path-exclude /usr/share/locale/*
path-exclude /usr/share/man/*
END
    find "$root/usr/share/doc" -type f ! -name copyright -delete
    find "$root/usr/share/doc" -type l ! -name copyright ! -xtype d -delete
    rm -rf "$root"/usr/share/info/* "$root"/usr/share/locale/* "$root"/usr/share/man/*
}

import_image() {
    tar -C "$root" -c . | docker import \
        -c 'CMD ["bash"]' \
        -c 'ENV PATH /usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
        -c "LABEL berth.source=$source_hash" \
        -c 'LABEL berth.stand-in="Debian 13 by debootstrap, for ubuntu:24.04"' \
        - "$image"
}

source_hash=$(content_hash "$here/build.sh")
if up_to_date; then exit 0; fi
one_at_a_time base
if up_to_date; then exit 0; fi

check_machine
if ! command -v debootstrap >/dev/null; then step "debootstrap" install_debootstrap; fi
root=$(mktemp -d "${TMPDIR:-/tmp}/berth-base.XXXXXX")
at_exit+=("rm -rf --one-file-system '$root'")
step "Debian 13 system" unpack_debian
step "package sources" write_sources
step "packaging settings" settle_packaging
step "manuals" leave_out_manuals
step "image $image" import_image
