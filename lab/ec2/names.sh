# shellcheck shell=bash disable=SC2034
# Sourced by build.sh, start.sh and stop.sh: what the endpoint's things are called. Expects $here.

: "${here:?}"

# shellcheck source=components/host/image/steps.sh
source "$here/../../components/host/image/steps.sh"

network=berth-lab
container=berth-lab-ec2
storage=berth-lab-ec2
machine_label=berth.ec2.instance
ec2_sources=(
    "$here/Dockerfile" "$here/requirements.txt" "$here/amis.json" "$here/build.sh" "$here/names.sh"
    "$here"/endpoint/*.py "$here/../base/build.sh"
)
key=$(content_hash "${ec2_sources[@]}" | cut -c 1-12)
image=berth/lab-ec2:$key

# The engine's socket as the engine itself sees it: Docker Desktop's lies in its own virtual machine.
engine_socket() {
    local host
    host=$(docker context inspect --format '{{ .Endpoints.docker.Host }}')
    case $(uname -s):$host in
        Linux:unix://*) echo "${host#unix://}" ;;
        *) echo /var/run/docker.sock ;;
    esac
}

# What the endpoint may do: start machines by the engine, enter their networks and file systems, use loop devices.
# Filled by set_endpoint_flags, since it asks the engine.
endpoint_flags=()
set_endpoint_flags() {
    endpoint_flags=(
        --label berth.lab=1 --pid host --cap-add SYS_ADMIN --cap-add SYS_PTRACE --cap-add NET_ADMIN
        --security-opt apparmor=unconfined --security-opt seccomp=unconfined
        --device-cgroup-rule 'b 7:* rwm' --device-cgroup-rule 'c 10:237 rwm' --volume /dev:/dev
        --volume "$(engine_socket):/var/run/docker.sock" --volume "$storage:/var/lib/berth-ec2"
    )
}

# A line for each machine: its instance's id and whether it runs.
machines() { docker ps -a --filter "label=$machine_label" --format '{{ .Names }} ({{ .State }})'; }

running() { [ "$(docker inspect --format '{{ .State.Running }}' "$container" 2>/dev/null)" = true ]; }
