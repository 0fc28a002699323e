"""The Docker engine beside which the endpoint runs, and the namespaces of the containers on it."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections import defaultdict
from pathlib import Path
from typing import Any

from moto.ec2.exceptions import EC2ClientError

NETWORK = os.environ.get("BERTH_EC2_NETWORK", "berth-lab")
HOST_IMAGE = os.environ.get("BERTH_EC2_HOST_IMAGE", "berth/host:debian-13")
# The label of every machine; its value is the instance's id.
LABEL = "berth.ec2.instance"
_CAP_SYS_RESOURCE = 24


class CommandError(EC2ClientError):
    """A command of the endpoint's own failed. A client reads what it was and what it said, and so does the log."""

    __module__ = EC2ClientError.__module__  # by which moto knows whose error it is

    def __init__(self, message: str) -> None:
        log(message)
        super().__init__("InternalError", message)


def log(message: str) -> None:
    """Into the container's log."""
    print(message, flush=True)


def run(*command: str, input: str | bytes | None = None) -> str:
    """Runs a command to its end and gives what it printed."""
    data = input.encode() if isinstance(input, str) else input
    done = subprocess.run(command, input=data, capture_output=True, check=False)
    if done.returncode != 0:
        said = (done.stderr or done.stdout).decode(errors="replace").strip()
        raise CommandError(f"{' '.join(command[:6])} failed ({done.returncode}): {said}")
    return done.stdout.decode(errors="replace").strip()


def docker(*args: str, input: str | bytes | None = None) -> str:
    """The docker command."""
    return run("docker", *args, input=input)


_locks: defaultdict[str, threading.RLock] = defaultdict(threading.RLock)


def lock(machine: str) -> threading.RLock:
    """Held while anything is done to a machine, so that a stop and an attachment do not meet."""
    return _locks[machine]


# The first process of each machine that runs, as the engine's kernel numbers it; kept by machines.py.
running: dict[str, int] = {}


def machines() -> list[str]:
    """The names of all machines' containers, running or not."""
    return docker("ps", "-a", "--filter", f"label={LABEL}", "--format", "{{.Names}}").split()


def pid_of(machine: str) -> int:
    """The machine's first process, as the engine's kernel numbers it (the endpoint shares that numbering)."""
    pid = int(docker("inspect", "--format", "{{.State.Pid}}", machine))
    if pid == 0:
        raise CommandError(f"the machine {machine} does not run")
    return pid


def in_network_of(pid: int, *command: str, input: str | None = None) -> str:
    """Runs one of the endpoint's own commands in a machine's network: the machine needs to have none of them."""
    return run("nsenter", "--target", str(pid), "--net", *command, input=input)


def root_of(pid: int) -> Path:
    """The machine's file system, as the machine itself sees it."""
    return Path(f"/proc/{pid}/root")


def network() -> dict[str, Any]:
    """What the engine knows of the machines' network."""
    return json.loads(docker("network", "inspect", NETWORK))[0]


def missing_capabilities() -> list[str]:
    """What a sandboxed engine may lack, and then cannot give to a machine: creating one would fail."""
    status = Path("/proc/1/status").read_text()
    bounding = next(line.split()[1] for line in status.splitlines() if line.startswith("CapBnd"))
    return [] if int(bounding, 16) >> _CAP_SYS_RESOURCE & 1 else ["SYS_RESOURCE"]
