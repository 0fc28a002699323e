"""Machines: a container of the host image for each instance, which boots from the instance's user data.

The container is held by a gate before systemd starts. Meanwhile the endpoint puts the security groups in force and adds
the public addresses and volumes, at each start anew, since network and devices are new with each. So there is no moment
in which a machine answers on a port that is closed.
"""

from __future__ import annotations

import base64
import io
import json
import subprocess
import tarfile
import threading
from collections.abc import Callable
from typing import Any

from . import addresses, engine, firewall, volumes

_SEED = "var/lib/cloud/seed/nocloud"
_GATE = "run/berth-ec2-ready"
_BOOT = (
    f"until [ -e /{_GATE} ]; do sleep 0.02; done; "
    "exec /lib/systemd/systemd --unit=multi-user.target SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1"
)
_STOP_SECONDS = "20"
# What a container's first process ends with when the machine inside it reboots: the kernel hangs it up.
_REBOOTED = "129"


def create(instance: Any) -> None:
    """Makes the machine of a new instance, without starting it."""
    fixed: list[str] = []
    if addresses.CHOOSES_PRIVATE:
        addresses.set_private(instance, addresses.private.take())
        fixed = ["--ip", instance.private_ip_address]
    dropped = [flag for capability in engine.missing_capabilities() for flag in ("--cap-drop", capability)]
    engine.docker(
        "create", "--name", instance.id, "--hostname", _hostname(instance), "--label", "berth.lab=1",
        "--label", f"{engine.LABEL}={instance.id}", "--network", engine.NETWORK, *fixed, "--cgroupns", "host",
        "--volume", "/sys/fs/cgroup:/sys/fs/cgroup:rw", "--cap-add", "ALL", *dropped,
        "--security-opt", "seccomp=unconfined", "--security-opt", "apparmor=unconfined",
        "--security-opt", "systempaths=unconfined", "--tmpfs", "/run", "--tmpfs", "/tmp",
        "--volume", "/var/lib/docker", "--volume", "/var/lib/containerd", "--device-cgroup-rule", "b 7:* rwm",
        "--stop-signal", "SIGRTMIN+3", "--env", "SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1",
        "--entrypoint", "/bin/sh", engine.HOST_IMAGE, "-c", _BOOT,
    )  # fmt: skip


def _hostname(instance: Any) -> str:
    return str(instance.private_dns_name).split(".")[0] if addresses.CHOOSES_PRIVATE else instance.id


def _seed(instance: Any) -> bytes:
    """What cloud-init reads, as a tar file: the very user data, and of the metadata what means something here."""
    metadata: dict[str, Any] = {"instance-id": instance.id, "local-hostname": _hostname(instance)}
    key_pair = instance.ec2_backend.key_pairs.get(instance.key_name)
    if key_pair is not None:
        metadata["public-keys"] = [key_pair.public_key.strip()]
    files = {
        "user-data": base64.b64decode(str(instance.user_data)) if instance.user_data else b"",
        "meta-data": json.dumps(metadata).encode(),
    }
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(f"{_SEED}/{name}")
            entry.size, entry.mode = len(content), 0o600
            tar.addfile(entry, io.BytesIO(content))
    return archive.getvalue()


def boot(instance: Any) -> None:
    """Starts a machine that does not run, and returns when its system begins to boot."""
    engine.docker("cp", "-", f"{instance.id}:/", input=_seed(instance))
    engine.docker("start", instance.id)
    pid = engine.pid_of(instance.id)
    if not addresses.CHOOSES_PRIVATE:
        given = engine.docker(
            "inspect",
            "--format",
            f'{{{{(index .NetworkSettings.Networks "{engine.NETWORK}").IPAddress}}}}',
            instance.id,
        )
        addresses.set_private(instance, given)
    firewall.apply(instance, pid)
    addresses.sync(instance, pid)
    volumes.expose(instance, pid)
    engine.running[instance.id] = pid
    (engine.root_of(pid) / _GATE).touch()


def stop(instance_id: str) -> None:
    """Shuts the system down, as a press of the power button would."""
    _forget(instance_id)
    engine.docker("stop", "--time", _STOP_SECONDS, instance_id)


def remove(instance_id: str) -> None:
    """The machine goes, and its anonymous volumes with it."""
    _forget(instance_id)
    if instance_id in engine.machines():
        engine.docker("rm", "--force", "--volumes", instance_id)


def remove_leftovers() -> None:
    """Machines of an earlier endpoint are nobody's: that they were instances was in its memory only."""
    for name in engine.machines():
        engine.log(f"removing {name}, left over from before")
        engine.docker("rm", "--force", "--volumes", name)


def _forget(instance_id: str) -> None:
    engine.running.pop(instance_id, None)
    firewall.forget(instance_id)


def _runs(name: str) -> bool:
    return engine.docker("inspect", "--format", "{{.State.Running}}", name) == "true"


def watch(rebooted: Callable[[str], None], ended: Callable[[str], None]) -> None:
    """Calls back when a machine ends by itself: somebody ran reboot or poweroff in it."""
    form = "{{.Actor.Attributes.name}} {{.Actor.Attributes.exitCode}}"
    command = ["docker", "events", "--filter", "event=die", "--filter", f"label={engine.LABEL}", "--format", form]

    def follow() -> None:
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as events:
            for line in events.stdout or ():
                name, exit_code = line.split()
                with engine.lock(name):
                    # One's own stop is forgotten beforehand, and a machine that was started again meanwhile runs.
                    if name not in engine.running or _runs(name):
                        continue
                    _forget(name)
                try:
                    engine.log(f"{name} has ended by itself ({exit_code})")
                    (rebooted if exit_code == _REBOOTED else ended)(name)
                except engine.CommandError:
                    continue  # logged where it happened
        engine.log("the engine's events have ended: reboots from inside a machine are no longer noticed")

    threading.Thread(target=follow, name="watch", daemon=True).start()
