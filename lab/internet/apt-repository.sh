#!/bin/bash
# Makes a signed apt repository that looks like Docker's own: Debian's Docker packages under the names that Docker uses.
# Two versions where Debian testing can be had: Debian 13's and testing's. Else Debian 13's, and OUT/fallback says why.
#
# usage: apt-repository.sh OUT SCRIPTS      in a Debian 13 container, as root
#
# OUT becomes the web root; SCRIPTS is the folder with docker-ce's own postinst, prerm and postrm.
set -euo pipefail

out=$1
scripts=$2
suite=trixie
testing=forky
arch=$(dpkg --print-architecture)
work=$(mktemp -d)
docker_names=(docker-ce docker-ce-cli containerd.io docker-buildx-plugin docker-compose-plugin)

debian_name() {
    case $1 in
        docker-ce) echo docker.io ;;
        docker-ce-cli) echo docker-cli ;;
        containerd.io) echo containerd ;;
        docker-buildx-plugin) echo docker-buildx ;;
        docker-compose-plugin) echo docker-compose ;;
    esac
}

# Docker's packages carry an epoch for the engine and its client only.
docker_version() {
    case $1 in
        docker-ce | docker-ce-cli) echo "5:$2" ;;
        *) echo "$2" ;;
    esac
}

# Debian's relations to other packages go, the dependencies are renamed. What testing splits off as tini-static is in
# Debian 13's tini. Files move between the engine and its client from version to version: each may replace the other's.
rewrite_control() {
    local name=$1 from=$2 version=$3
    awk -v name="$name" -v from="$from" -v version="$version" '
        /^[^ ]/ { field = $1; sub(":$", "", field) }
        field ~ /^(Breaks|Replaces|Conflicts|Provides|Recommends|Suggests|Source|Built-Using|Static-Built-Using)$/ { next }
        field == "Package" { print "Package: " name; next }
        field == "Version" { print "Version: " version; next }
        field == "Maintainer" { print "Maintainer: Berth lab <lab@berth.invalid>"; next }
        field ~ /^(Pre-)?Depends$/ { gsub(/tini-static/, "tini"); gsub(/docker\.io/, "docker-ce"); gsub(/docker-cli/, "docker-ce-cli"); gsub(/containerd/, "containerd.io") }
        /^Description:/ { sub(/^Description: */, "Description: [stand-in made from Debian'\''s " from "] ") }
        { print }
        END { print "Conflicts: " from; print "Replaces: " from ", docker-ce, docker-ce-cli" }
    '
}

# Unpacking is what takes the time: the packages of a release go side by side.
repackage_release() {
    local release=$1 debs=$work/$1 name pids=() pid status=0
    mkdir -p "$out/pool/$release" "$debs"
    for name in "${docker_names[@]}"; do debian_name "$name"; done | sed "s|\$|/$release|" >"$debs/names"
    (cd "$debs" && xargs apt-get download -q -o APT::Sandbox::User=root <names) || return 1
    for name in "${docker_names[@]}"; do
        repackage "$name" "$release" &
        pids+=($!)
    done
    for pid in "${pids[@]}"; do wait "$pid" || status=1; done
    return "$status"
}

repackage() {
    local name=$1 release=$2 from version deb tree=$work/$2/$1
    from=$(debian_name "$name")
    deb=$(echo "$work/$release/$from"_*.deb)
    dpkg-deb -R "$deb" "$tree" || return 1
    version=$(docker_version "$name" "$(sed -n 's/^Version: //p' "$tree/DEBIAN/control")")
    rewrite_control "$name" "$from" "$version" <"$tree/DEBIAN/control" >"$tree.control" || return 1
    mv "$tree.control" "$tree/DEBIAN/control"
    if [ "$name" = docker-ce ]; then replace_scripts "$tree/DEBIAN"; fi
    dpkg-deb -Zzstd -z1 -b "$tree" "$out/pool/$release/${name}_${version//:/%3a}_$arch.deb" || return 1
    rm -rf "$tree" "$deb"
}

replace_scripts() {
    rm -f "$1"/{preinst,postinst,prerm,postrm,config,templates}
    install -m 755 "$scripts"/{postinst,prerm,postrm} "$1"
}

index() {
    local dist=$out/dists/$suite
    mkdir -p "$dist/stable/binary-$arch"
    (cd "$out" && apt-ftparchive packages pool) >"$dist/stable/binary-$arch/Packages"
    apt-ftparchive \
        -o "APT::FTPArchive::Release::Suite=$suite" -o "APT::FTPArchive::Release::Codename=$suite" \
        -o APT::FTPArchive::Release::Components=stable -o "APT::FTPArchive::Release::Architectures=$arch" \
        -o APT::FTPArchive::Release::Origin=berth-lab -o APT::FTPArchive::Release::Label=berth-lab \
        release "$dist" >"$work/Release"
    mv "$work/Release" "$dist/Release"
}

sign() {
    export GNUPGHOME=$work/gnupg
    install -d -m 700 "$GNUPGHOME"
    gpg -q --batch --passphrase '' --quick-gen-key 'Berth lab repository' ed25519 sign never
    gpg -q --batch --yes --clearsign -o "$out/dists/$suite/InRelease" "$out/dists/$suite/Release"
    gpg -q --armor --export >"$out/gpg"
    gpg --with-colons --fingerprint | awk -F: '$1 == "fpr" { print $10; exit }' >"$out/fingerprint"
    gpgconf --kill all
}

# Whether Debian 13, without testing in its sources, would take the repository's newest engine.
newest_installs() {
    index
    rm -f "/etc/apt/sources.list.d/$testing.list"
    echo "deb [trusted=yes] file:$out $suite stable" >/etc/apt/sources.list.d/lab.list
    apt-get update -q && apt-get install -s -q --no-install-recommends "${docker_names[@]}"
}

# Its callers ask whether it failed, which turns errexit off: so every step here says itself when it did.
add_testing_release() {
    testing.sh "$testing" && apt-get update -q -o APT::Update::Error-Mode=any && repackage_release "$testing" && newest_installs
}

mkdir -p "$out"
apt-get update -q
repackage_release "$suite"
if ! add_testing_release; then
    rm -rf "$out/pool/$testing"
    echo "Docker from Debian testing ($testing) cannot be had or does not install on Debian 13" >"$out/fallback"
fi
index
sign
rm -rf "$work"
