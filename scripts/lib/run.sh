#!/usr/bin/env bash
# run.sh ENTRY [ARG …]: checks for Node.js, installs the npm packages once, and runs scripts/lib/ENTRY.ts.
set -euo pipefail

lib=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
entry=$1
shift

if ! command -v node >/dev/null; then
    echo "berth: Node.js is missing; install version 20 or newer (https://nodejs.org, or your package manager)" >&2
    exit 1
fi
# A Docker address from the shell would silently send containers to another engine.
unset DOCKER_HOST DOCKER_CONTEXT DOCKER_CERT_PATH DOCKER_TLS_VERIFY

node "$lib/dependencies.js"
exec node --require "$lib/../../node_modules/tsx/dist/cjs/index.cjs" "$lib/$entry.ts" "$@"
