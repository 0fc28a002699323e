"""Looks at a host of Berth's, and changes nothing. Runs on the host as root:

    python3 - FOLDER < survey-drift.py

FOLDER is the stack's, below /var/lib/docker/berth. stdout: one JSON object; scripts/lib/drift/survey.ts names its parts.
BERTH_ROOT (tests only) is put before every path.
"""

import glob
import json
import os
import subprocess
import sys
import time

ROOT = os.environ.get("BERTH_ROOT", "")
PACKAGES = ["docker-ce", "docker-ce-cli", "containerd.io", "docker-buildx-plugin", "docker-compose-plugin"]
ENVIRONMENT = {"LC_ALL": "C", "PATH": os.environ.get("PATH", "") + ":/usr/sbin:/sbin"}
SECONDS = 60


def run(*words):
    """stdout of a command and, where it failed, why."""
    try:
        done = subprocess.run(words, capture_output=True, text=True, errors="replace", timeout=SECONDS, env=ENVIRONMENT)
    except (OSError, subprocess.TimeoutExpired) as error:
        return "", str(error)
    return done.stdout, "" if done.returncode == 0 else (done.stderr.strip() or f"exit code {done.returncode}")


def read(path):
    try:
        with open(ROOT + path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def parsed(text, otherwise):
    try:
        return json.loads(text)
    except ValueError:
        return otherwise


def lines(*words):
    return [line for line in run(*words)[0].splitlines() if line]


def listed(*words):
    """Lines of what Docker lists; None where it fails: that is no empty list."""
    text, failure = run("docker", *words)
    return None if failure else [line for line in text.splitlines() if line]


def differing(owned, actual, path=()):
    """Paths of what Berth wrote into daemon.json, and what is not so any more."""
    if isinstance(owned, dict):
        below = actual if isinstance(actual, dict) else {}
        return [found for key in owned for found in differing(owned[key], below.get(key), (*path, key))]
    if isinstance(owned, list) and isinstance(actual, list):
        return [] if all(one in actual for one in owned) else [".".join(path)]
    return [] if owned == actual else [".".join(path)]


def engine():
    """What answers, what is installed, what is held."""
    version, failure = run("docker", "version", "--format", "{{json .}}")
    server = (parsed(version, {}) or {}).get("Server") or {}
    components = {one.get("Name"): one.get("Version") for one in server.get("Components") or []}
    packages = dict(
        line.split()[:2]
        for line in lines("dpkg-query", "-W", "-f", "${Package} ${Version} ${db:Status-Status}\n", *PACKAGES)
        if line.endswith(" installed")
    )
    return {
        "failure": failure,
        "versions": {
            "engine": components.get("Engine") or "",
            "containerd": components.get("containerd") or "",
            "compose": run("docker", "compose", "version", "--short")[0].strip(),
            "buildx": (run("docker", "buildx", "version")[0].split() + ["", ""])[1],
        },
        "packages": packages,
        "missing": [name for name in PACKAGES if name not in packages],
        "held": lines("apt-mark", "showhold"),
    }


def daemon():
    text = read("/etc/docker/daemon.json")
    owned = parsed(read("/var/lib/berth/daemon.json"), {})
    actual = parsed(text or "{}", None)
    return {"broken": actual is None, "differing": [] if actual is None else differing(owned, actual)}


def units(names):
    """systemd's units, and whether each starts at boot and runs."""
    return {
        name: {
            "enabled": run("systemctl", "is-enabled", name)[0].strip() or "not-found",
            "active": run("systemctl", "is-active", name)[0].strip(),
        }
        for name in names
    }


def own_units():
    found = glob.glob(ROOT + "/etc/systemd/system/berth-*.service") + glob.glob(ROOT + "/etc/systemd/system/berth-*.timer")
    timers = {name.removesuffix(".timer") for name in found if name.endswith(".timer")}
    return sorted(os.path.basename(name) for name in found if name.removesuffix(".service") not in timers)


def looked_at(kind, ids):
    """What Docker says of each. One that is gone meanwhile makes it fail, after the others; None where it says nothing."""
    text, failure = run("docker", kind, "inspect", *ids) if ids else ("[]", "")
    found = parsed(text, None)
    return None if failure and not found and "no such" not in failure.lower() else found


def inspected(kind, *listing):
    ids = listed(kind, *listing)
    return None if ids is None else looked_at(kind, ids)


def images(containers):
    """What the containers' images are called, and what they bring along; None where nobody can say."""
    found = None if containers is None else looked_at("image", sorted({one["Image"] for one in containers}))
    if found is None:
        return None
    return [
        {
            "Id": one["Id"],
            "RepoDigests": one.get("RepoDigests") or [],
            "Env": (one.get("Config") or {}).get("Env") or [],
            "Labels": (one.get("Config") or {}).get("Labels") or {},
            "Cmd": (one.get("Config") or {}).get("Cmd") or [],
            "Entrypoint": (one.get("Config") or {}).get("Entrypoint") or [],
            "Volumes": sorted((one.get("Config") or {}).get("Volumes") or {}),
        }
        for one in found
    ]


def disks():
    found = {}
    for path in ["/", "/var/lib/docker"]:
        if not os.path.isdir(ROOT + path):
            continue
        size = os.statvfs(ROOT + path)
        device = os.stat(ROOT + path).st_dev
        if device in found or not size.f_blocks:
            continue
        found[device] = {
            "path": path,
            "total": size.f_blocks * size.f_frsize,
            "free": size.f_bavail * size.f_frsize,
            "inodesFree": size.f_favail / size.f_files if size.f_files else 1,
        }
    return list(found.values())


def certificates(folder):
    """Those that nginx serves. Certificates are public; their keys are not read."""
    names = glob.glob(f"{ROOT}{folder}/proxy/acme/*.crt") + glob.glob(f"{ROOT}{folder}/proxy/current/*.crt")
    return [{"file": name.removeprefix(ROOT), "pem": read(name.removeprefix(ROOT))} for name in sorted(names)]


def updates():
    """What apt would install from a security suite, as far as its lists know; and how old they are."""
    found = [
        line.split()[1]
        for line in lines("apt-get", "-s", "-q", "-o", "Debug::NoLocking=1", "dist-upgrade")
        if line.startswith("Inst ") and "security" in line.lower()
    ]
    lists = glob.glob(ROOT + "/var/lib/apt/lists/*_Packages*") + glob.glob(ROOT + "/var/lib/apt/lists/*Release")
    stamps = [os.stat(name).st_mtime for name in glob.glob(ROOT + "/var/lib/apt/periodic/update-success-stamp")]
    newest = max([*stamps, *(os.stat(name).st_ctime for name in lists)], default=None)
    return {"security": found, "listsAge": None if newest is None else int(time.time() - newest)}


def reboot():
    required = os.path.exists(ROOT + "/run/reboot-required")
    return {"required": required, "packages": sorted(set(read("/run/reboot-required.pkgs").split()))}


def group():
    members = [line.split(":")[3] for line in read("/etc/group").splitlines() if line.startswith("docker:")]
    return [name for line in members for name in line.strip().split(",") if name]


def of_docker():
    containers = inspected("container", "ls", "-aq", "--no-trunc")
    networks = inspected("network", "ls", "-q", "--no-trunc")
    return {
        "containers": containers,
        "networks": None if networks is None else [{"Id": one["Id"], "Name": one["Name"]} for one in networks],
        "volumes": listed("volume", "ls", "-q"),
        "images": images(containers),
    }


def survey(folder):
    docker = engine()
    return {
        # A Docker that does not answer at all is a finding; one that answers half is no survey.
        **(of_docker() if docker["failure"] == "" else dict.fromkeys(["containers", "networks", "volumes", "images"], [])),
        "engine": docker,
        "daemon": daemon(),
        "group": group(),
        "units": units(["docker.service", "containerd.service", *own_units()]),
        "disks": disks(),
        "certificates": certificates(folder),
        "reboot": reboot(),
        "updates": updates(),
    }


json.dump(survey(sys.argv[1]), sys.stdout)
