#!/usr/bin/env bash
# The commands that install-docker.sh runs on a host, as fakes: linked under each command's name, this file acts on the
# plain text files in $FAKE_HOST and writes each call to $FAKE_HOST/calls. A file named fail-COMMAND makes that
# command (fail-apt-get-install: that verb) print it to stderr and fail.
set -u
cd "$FAKE_HOST" || exit 99
name=${0##*/}
printf '%s %s\n' "$name" "$*" >>calls

fail_if_told() {
  if [ -e "fail-$1" ]; then cat "fail-$1" >&2; exit 100; fi
}
has() { grep -q "^$1 " installed; }
drop() { sed -i "/^$1 /d" "$2"; }
groups_of() { sed -n "s/^$1 //p" users; }

fail_if_told "$name"
case $name in
  dpkg)
    case $1 in
      --print-architecture) cat architecture ;;
      --audit) cat audit ;;
      --configure) : >audit ;;
    esac ;;
  dpkg-query)
    format=$3; shift 3
    for package in "$@"; do
      has "$package" || continue
      case $format in
        *Depends*) printf 'installed %s' "$(cat "depends-$package" 2>/dev/null)" ;;
        *) printf '%s installed\n' "$(grep "^$package " installed)" ;;
      esac
    done ;;
  apt-cache) grep "^$2 " available | sed 's/ / | /; s/$/ | http:\/\/apt.test stable\/ Packages/' ;;
  apt-get)
    words=()
    while [ $# -gt 0 ]; do
      case $1 in -o) shift ;; -*) ;; *) words+=("$1") ;; esac
      shift
    done
    fail_if_told "apt-get-${words[0]}"
    for word in "${words[@]:1}"; do
      drop "${word%%=*}" installed
      if [ "${words[0]}" = install ]; then
        version=${word#*=}
        [ "$version" != "$word" ] || version=$(sed -n "s/^$word //p" available | head -n 1)
        echo "${word%%=*} ${version:-1}" >>installed
        [ "$word" != docker-ce ] || touch active
      fi
    done ;;
  apt-mark)
    case $1 in
      showhold) cat held ;;
      hold) shift; printf '%s\n' "$@" >held ;;
      unhold) : >held ;;
    esac ;;
  curl)
    while [ "$1" != -o ]; do shift; done
    cp key "$2" ;;
  gpg)
    for file in "$@"; do :; done
    awk '$1 == "primary" { print "pub:-:255:22:0:0::::::::::"; print "fpr:::::::::" $2 ":" }
      $1 == "sub" { print "sub:-:255:22:0:0::::::::::"; print "fpr:::::::::" $2 ":" }' "$file" ;;
  systemctl)
    fail_if_told "systemctl-$1"
    case $1 in
      is-active) [ -e active ] || exit 3 ;;
      is-enabled) # well where any of the units is
        [ -e active ] || exit 1
        printf '%s\n' "${@:3}" | grep -qvxFf <(cat disabled 2>/dev/null) || exit 1 ;;
      enable) touch active; rm -f disabled ;;
    esac ;;
  docker)
    has docker-ce || exit 1
    case "$*" in
      *LiveRestoreEnabled*) cat live-restore ;;
      info*) cat swarm ;;
      *Components*) printf 'Engine 28.5.2+dfsg1\ncontainerd v1.7.28~ds1\n' ;;
      version*) echo 28.5.2 ;;
      compose*) echo v2.40.3-4 ;;
      buildx*) echo "github.com/docker/buildx v0.29.1 abc" ;;
    esac ;;
  id)
    if [ $# -eq 1 ]; then echo 0; else groups_of "$3" | grep . || exit 1; fi ;;
  usermod) sed -i "s/^$4 .*/& docker/" users ;;
  runuser) [ "$3 $4" = "-s /bin/sh" ] && groups_of "$2" | grep -qw docker ;;
  cloud-init) exit "$(cat cloud-init)" ;;
esac
