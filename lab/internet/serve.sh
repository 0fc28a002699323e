#!/bin/bash
# Runs the lab's two servers; where one of them ends, so does the container.
set -u

docker-registry serve /etc/docker-registry.yml &
registry=$!
nginx -g 'daemon off;' &
web=$!

trap 'kill "$registry" "$web" 2>/dev/null; wait; exit 0' TERM INT
wait -n "$registry" "$web"
echo "one of the lab's servers has ended" >&2
kill "$registry" "$web" 2>/dev/null
exit 1
