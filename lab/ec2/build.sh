#!/usr/bin/env bash
# Builds the image berth/lab-ec2:KEY, the EC2 endpoint. Does nothing where that image exists; KEY is a hash of the sources.
#
# usage: lab/ec2/build.sh
#
# Needs Debian's packages and PyPI. The certificates that this machine trusts are used for PyPI during the build and are
# not in the image; what is installed is pinned by hash. PIP_INDEX_URL names another index.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=lab/ec2/names.sh
source "$here/names.sh"

built() { docker image inspect "$image" >/dev/null 2>&1; }

# Where Debian, Red Hat, Alpine and macOS have them, unless one of Python's variables names another place.
trusted_certificates() {
    local file
    for file in "${PIP_CERT:-}" "${REQUESTS_CA_BUNDLE:-}" "${SSL_CERT_FILE:-}" \
        /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/cert.pem; do
        if [ -n "$file" ] && [ -f "$file" ]; then
            echo "$file"
            return
        fi
    done
    echo "No file with the certificates that this machine trusts was found: name one by SSL_CERT_FILE." >&2
    return 1
}

build_image() {
    cp -R "$here/Dockerfile" "$here/requirements.txt" "$here/amis.json" "$here/endpoint" "$context"
    rm -rf "$context/endpoint/__pycache__"
    cp "$(trusted_certificates)" "$context/certificates.crt"
    docker build --force-rm ${PIP_INDEX_URL:+--build-arg "PIP_INDEX_URL=$PIP_INDEX_URL"} \
        --label "berth.source=$key" --label 'berth.stand-in=EC2 endpoint by moto' --tag "$image" "$context"
}

clean_up() {
    rm -rf "$context"
    docker image prune -f --filter label=berth.lab.stage=1 >/dev/null 2>&1 || true
}

if built; then exit 0; fi
one_at_a_time lab-ec2-build
if built; then exit 0; fi

"$here/../base/build.sh"
context=$(mktemp -d "${TMPDIR:-/tmp}/berth-ec2.XXXXXX")
at_exit+=(clean_up)
step "EC2 endpoint" build_image
