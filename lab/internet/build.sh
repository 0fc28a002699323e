#!/usr/bin/env bash
# Builds the image berth/lab:KEY: what stands in for download.docker.com and Docker Hub where only Debian's packages are
# reachable. An apt repository on 8081 (/gpg, /fingerprint, /dists/trixie/stable), an image registry on 5000 with nginx,
# busybox, redis, Java, lego and a Debian called ubuntu, and one that asks for a password on 5001, with private/app:1.
#
# usage: lab/internet/build.sh
#
# KEY is a hash of the sources; does nothing where that image exists. Labels say what is in it: berth.nginx has the
# registry's nginx tags, berth.fallback is set where Debian testing's newer versions could not be had.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=lab/internet/names.sh
source "$here/names.sh"

building=berth/lab-building:$key
filler=berth-lab-building-$key
nginx_versions=()
fallback=

built() { docker image inspect "$image" >/dev/null 2>&1; }

build_servers() {
    docker build --force-rm --build-arg "PRIVATE_USER=$private_user" --build-arg "PRIVATE_PASSWORD=$private_password" --tag "$building" "$here"
}

nginx_image() { echo "berth/lab-nginx-$1:$key"; }

nginx_version() { docker run --rm --label berth.lab=1 "$1" nginx -v 2>&1 | sed -n 's|.*nginx/\([0-9.]*\).*|\1|p'; }

build_nginx_image() {
    local packages
    packages=$(nginx_image "packages-$1")
    cp "$here/testing.sh" "$context/testing.sh"
    cp "$here"/nginx/* "$context"
    docker build --force-rm --target packages --build-arg "SUITE=$1" --tag "$packages" "$context"
    docker build --force-rm --build-arg "SUITE=$1" --build-arg "NGINX_VERSION=$(nginx_version "$packages")" --tag "$(nginx_image "$1")" "$context"
}

small_image() { echo "berth/lab-$1:$key"; }

small_version() {
    case $1 in
        busybox) docker run --rm --label berth.lab=1 "$(small_image busybox-packages)" busybox | sed -n '1s/^BusyBox v\([0-9.]*\).*/\1/p' ;;
        redis) docker run --rm --label berth.lab=1 "$(small_image redis-packages)" redis-server --version | sed -n 's/.* v=\([0-9.]*\).*/\1/p' ;;
        lego) docker run --rm --label berth.lab=1 --entrypoint dpkg-query "$(small_image lego-packages)" -W -f '${Version}' lego | sed 's/[-+].*//' ;;
    esac
}

build_small_image() {
    docker build --force-rm --target packages --tag "$(small_image "$1-packages")" "$here/$1"
    docker build --force-rm --build-arg "VERSION=$(small_version "$1")" --tag "$(small_image "$1")" "$here/$1"
}

java_image() { echo "berth/lab-java-$1:$key"; }

build_java_images() {
    local target
    for target in jre jdk; do
        docker build --force-rm --target "$target" --tag "$(java_image "$target")" "$here/temurin"
    done
}

push_java_images() {
    push 5000 library/eclipse-temurin "$(java_image jre)" 21-jre
    push 5000 library/eclipse-temurin "$(java_image jdk)" 21-jdk 21
}

start_filler() {
    docker rm -f "$filler" >/dev/null 2>&1 || true
    docker run -d --name "$filler" --label berth.lab=1 -p 127.0.0.1::5000 -p 127.0.0.1::5001 "$building"
    answers_in_filler http://127.0.0.1:5000/v2/
    answers_in_filler --user "$private_user:$private_password" http://127.0.0.1:5001/v2/
}

answers_in_filler() { docker exec "$filler" curl -fsS --retry 50 --retry-delay 1 --retry-connrefused --max-time 30 -o /dev/null "$@"; }

# push PORT REPOSITORY FROM TAG...   The engine itself pushes, and takes a registry on its loopback without TLS.
push() {
    local registry target from=$3 tag
    registry=$(docker port "$filler" "$1/tcp" | head -n 1)
    target=$registry/$2
    shift 3
    printf '{"auths":{"%s":{"auth":"%s"}}}\n' "$registry" "$(printf '%s' "$private_user:$private_password" | base64)" >"$context/config.json"
    for tag in "$@"; do
        docker tag "$from" "$target:$tag"
        docker --config "$context" push "$target:$tag"
        docker rmi "$target:$tag"
    done
}

# Under the official images' tags: 8.0.2, 8.0, 8 and latest.
push_small_images() {
    local name version
    for name in busybox redis; do
        version=$(small_version "$name")
        push 5000 "library/$name" "$(small_image "$name")" "$version" "${version%.*}" "${version%%.*}" latest
    done
    version=$(small_version lego)
    push 5000 goacme/lego "$(small_image lego)" "v$version" "v${version%.*}" "v${version%%.*}" latest
    push 5000 library/ubuntu berth/base:trixie latest # Debian's: no other system is here
    push 5001 private/app "$(small_image busybox)" 1
}

read_apt_fallback() { docker exec "$filler" cat /srv/apt/fallback 2>/dev/null || true; }

commit_lab() {
    docker commit \
        -c "LABEL berth.source=$key" \
        -c "LABEL berth.nginx=\"${nginx_versions[*]}\"" \
        -c "LABEL berth.private-user=$private_user" -c "LABEL berth.private-password=$private_password" \
        -c "LABEL berth.stand-in=\"apt repository for download.docker.com, registry for Docker Hub, from Debian packages\"" \
        ${fallback:+-c "LABEL berth.fallback=\"$fallback\""} \
        "$filler" "$image"
}

clean_up() {
    rm -rf "$context"
    {
        docker rm -f "$filler"
        docker rmi "$(nginx_image trixie)" "$(nginx_image forky)" "$building"
        docker rmi "$(nginx_image packages-trixie)" "$(nginx_image packages-forky)"
        docker rmi "$(small_image busybox)" "$(small_image redis)" "$(small_image busybox-packages)" "$(small_image redis-packages)" "$(small_image lego)" "$(small_image lego-packages)"
        docker rmi "$(java_image jdk)" "$(java_image jre)"
        docker image prune -f --filter label=berth.lab.stage=1
    } >/dev/null 2>&1 || true
}

say_fallback() {
    fallback=${fallback:+$fallback; }$1
    echo "  fallback: $1" >&2
}

add_nginx() {
    local version
    version=$(nginx_version "$(nginx_image "$1")")
    nginx_versions+=("${version%.*}")
    shift
    step "nginx $version into the registry" push 5000 library/nginx "$(nginx_image "$suite")" "${version%.*}" "$version" "$@"
}

if built; then exit 0; fi
one_at_a_time lab-build
if built; then exit 0; fi

"$here/../base/build.sh"
context=$(mktemp -d "${TMPDIR:-/tmp}/berth-nginx.XXXXXX")
at_exit+=(clean_up)
suites=(trixie forky)
step "nginx of Debian 13" build_nginx_image trixie
# Not as a condition of if: that would turn errexit off inside.
set +e
(step "nginx of Debian testing" build_nginx_image forky)
testing_failed=$?
set -e
if [ "$testing_failed" -ne 0 ]; then
    suites=(trixie)
    say_fallback "nginx from Debian testing cannot be had: the newest is Debian 13's"
fi
step "busybox" build_small_image busybox
step "redis" build_small_image redis
step "lego" build_small_image lego
step "Java" build_java_images
step "apt repository and registries" build_servers
step "lab's first start" start_filler
for suite in "${suites[@]}"; do
    if [ "$suite" = "${suites[${#suites[@]} - 1]}" ]; then add_nginx "$suite" latest; else add_nginx "$suite"; fi
done
step "busybox, redis, lego and ubuntu into the registry" push_small_images
step "Java into the registry" push_java_images
apt_fallback=$(read_apt_fallback)
if [ -n "$apt_fallback" ]; then say_fallback "$apt_fallback"; fi
step "image $image" commit_lab
