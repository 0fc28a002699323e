#!/bin/bash
# Runs the lab's servers: two registries, and the web server of the packages. Where one ends, so does the container.
set -u

docker-registry serve /etc/docker-registry.yml &
servers=($!)
docker-registry serve /etc/docker-registry-private.yml &
servers+=($!)
nginx -g 'daemon off;' &
servers+=($!)

trap 'kill "${servers[@]}" 2>/dev/null; wait; exit 0' TERM INT
wait -n "${servers[@]}"
echo "one of the lab's servers has ended" >&2
kill "${servers[@]}" 2>/dev/null
exit 1
