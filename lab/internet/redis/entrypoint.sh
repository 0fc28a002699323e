#!/bin/sh
# Entry point of the redis image. As in the official one, options or a configuration file alone are redis-server's, the
# server runs as the user redis, and it serves other containers: Debian's build does so only when it is told.
set -eu

case ${1:-} in
    -* | *.conf) set -- redis-server "$@" ;;
esac
case "${1:-} ${2:-}" in
    "redis-server -"[vh] | "redis-server --version" | "redis-server --help") exec "$@" ;;
    "redis-server "*) shift ;;
    *) exec "$@" ;;
esac

if [ -f "${1:-}" ]; then
    file=$1
    shift
    set -- "$file" --protected-mode no "$@"
else
    set -- --protected-mode no "$@"
fi
if [ "$(id -u)" -ne 0 ]; then exec redis-server "$@"; fi
chown -R redis:redis .
exec setpriv --reuid redis --regid redis --init-groups redis-server "$@"
