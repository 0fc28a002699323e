# shellcheck shell=bash disable=SC2034
# Sourced by build.sh, start.sh and stop.sh: what the lab's things are called. Expects $here.

: "${here:?}"

# shellcheck source=components/host/image/steps.sh
source "$here/../../components/host/image/steps.sh"

network=berth-lab
container=berth-lab
# Of the registry on 5001. They guard nothing: tests want a registry that asks. Labels of the image repeat them.
private_user=lab
private_password=no-secret-in-the-lab
lab_sources=(
    "$here/Dockerfile" "$here/apt-repository.sh" "$here/testing.sh" "$here/apt.conf" "$here/registry.yml" "$here/serve.sh"
    "$here/docker-ce/postinst" "$here/docker-ce/prerm" "$here/docker-ce/postrm"
    "$here/nginx/Dockerfile" "$here/nginx/nginx.conf" "$here/nginx/default.conf" "$here/nginx/index.html"
    "$here/temurin/Dockerfile" "$here/lego/Dockerfile" "$here/busybox/Dockerfile" "$here/redis/Dockerfile" "$here/redis/entrypoint.sh" "$here/registry-private.yml" "$here/names.sh"
    "$here/build.sh" "$here/../base/build.sh"
)
key=$(content_hash "${lab_sources[@]}" | cut -c 1-12)
image=berth/lab:$key
