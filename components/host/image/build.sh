#!/usr/bin/env bash
# Builds the embedded host's image.
#
# usage: build.sh BASE TAG        e.g. build.sh ubuntu:24.04 berth/host:ubuntu-24.04
#
# BASE is an Ubuntu 24.04 or Debian 13 image, pulled where it is missing. Does nothing where TAG is up to date.
set -euo pipefail

if [ $# -ne 2 ]; then
    echo "usage: build.sh BASE TAG" >&2
    exit 2
fi
base=$1
tag=$2

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=components/host/image/steps.sh
source "$here/steps.sh"

image_id() { docker image inspect --format '{{ .Id }}' "$1" 2>/dev/null; }

source_hash() { { image_id "$base" && cat "$here/Dockerfile" "$here/cloud.cfg" "$here/forward-udp.py"; } | content_hash -; }

up_to_date() { [ -n "$(image_id "$base")" ] && [ "$(image_label "$tag" berth.source)" = "$(source_hash)" ]; }

build_image() {
    docker build --force-rm --build-arg "BASE=$base" --label "berth.source=$(source_hash)" --tag "$tag" "$here"
}

if up_to_date; then exit 0; fi
one_at_a_time host-image
if up_to_date; then exit 0; fi

if [ -z "$(image_id "$base")" ]; then step "pull $base" docker pull "$base"; fi
step "host image $tag" build_image
