"""Runs one host script again and again and breaks each run in another way: this file, and breaks.py after it. They run in
a container of their own, as its first process.

stdin: one JSON object, a Scenario of scenario.ts with the script's text. stdout: one JSON object, a Report of the same
file; what went wrong is in its `failures`.

The disk that the script writes to is /world, a small tmpfs; /engine has what the fakes know, on another. A run is: both
as set up, the script disturbed, both looked at (`intact`), the script once more undisturbed, its end state compared with
that of a run that nothing has disturbed.
"""

import base64
import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import time

WORLD, ENGINE, SHARED = "/world", "/engine", "/dev/shm"
HARNESS, SNAPSHOT = "/harness", "/snapshot"
TOKENS, TRACE = 201, 202
FILLER = f"{WORLD}/.filler"
# A run that takes longer has no bound of its own.
SECONDS = 20
# After a kill: until what the killed run has left of itself is done.
LEFT_SECONDS = 20
PAGE = 4096
MOST_FAILURES = 4
# After these the host is as it was before them: a kill there was tried one command earlier.
HARMLESS = re.compile(
    r"(local|readonly|declare|shift|return|read|set|case|for|test|trap|true|:|\[|\[\[|\(\(|break|continue)( |$|;|\()"
    r"|(export )?[A-Za-z_]+\+?=(?!.*[`]|.*\$\()|(echo|printf) [^>]*$|[A-Za-z_]+=\$\(cat[^|>]*\)$"
)

scenario = json.load(sys.stdin)
failures = []
counts = {"kills": 0, "fills": 0, "silences": 0}


def write(path, text, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(text)
    os.chmod(path, mode)


def prelude(trap):
    """What each bash of the script's, and of what it starts, reads first. The fakes are sh, which does not."""
    write(f"{HARNESS}/prelude", f"set -T\ntrap '{trap}' DEBUG\n" if trap else "")


# Each command takes a token; where there is none left, that is the end. A pipe is one counter for all subshells.
# Who is left then goes on: a process of its own that looks after the rest is not killed with the script.
KILL = f"read -rN1 -u {TOKENS} __token 2>/dev/null || [ -e {HARNESS}/killed ] || {{ : >{HARNESS}/killed; kill -9 %s; }}"
KILLED = {"all of it": KILL % "0", "the shell": KILL % "$$"}
LIST = f'printf "%s\\n" "${{BASH_COMMAND%%%%$"\\n"*}}" >&{TRACE}'.replace('$"\\n"', "$__n")


def prepare():
    for folder in scenario.get("links", []):
        inside = WORLD + folder
        os.makedirs(inside, exist_ok=True)
        if os.path.isdir(folder) and not os.path.islink(folder):
            shutil.rmtree(folder)
        os.makedirs(os.path.dirname(folder), exist_ok=True)
        os.symlink(inside, folder)
    os.makedirs(f"{WORLD}/tmp", exist_ok=True)
    write(f"{HARNESS}/script", scenario["script"])
    for name, body in scenario.get("fakes", {}).items():
        silent = SILENT if name == "docker" else ""
        write(f"{HARNESS}/bin/{name}", f"#!/bin/sh\n{silent}{body}\n", 0o755)
    write(f"{HARNESS}/quick/timeout", QUICK_TIMEOUT, 0o755)
    silence("answers")
    prelude("")
    bash(scenario["setUp"], "set-up")
    for folder in (WORLD, ENGINE):
        subprocess.run(["cp", "-a", folder, SNAPSHOT + folder], check=True)


# A docker that stops answering with its N-th call. /harness/silence says how: answers, fails N, hangs N.
SILENT = f"""printf . >>{HARNESS}/calls
read -r how after <{HARNESS}/silence
if [ "$how" != answers ] && [ "$(stat -c %s {HARNESS}/calls)" -gt "$after" ]; then
    if [ "$how" = hangs ]; then exec sleep 1000; fi
    echo "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?" >&2
    exit 1
fi
"""
# timeout for whom a minute is a fraction of a second.
QUICK_TIMEOUT = """#!/usr/bin/python3
import os, re, sys
words = sys.argv[1:]
for i, word in enumerate(words):
    if re.fullmatch(r"[0-9.]+[smh]?", word) and (i == 0 or words[i - 1] not in ("-k", "--kill-after", "-s", "--signal")):
        words[i] = "0.2"
        break
os.execv("/usr/bin/timeout", ["timeout", *words])
"""


def silence(how):
    write(f"{HARNESS}/silence", how + "\n")
    write(f"{HARNESS}/calls", "")


def reset():
    for folder in (WORLD, ENGINE):
        subprocess.run(["find", folder, "-mindepth", "1", "-delete"], check=True)
        subprocess.run(["cp", "-a", f"{SNAPSHOT}{folder}/.", folder], check=True)
    subprocess.run(["find", SHARED, "-mindepth", "1", "-delete"], check=True)


def environment(quick=False):
    path = f"{HARNESS}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    return {
        "PATH": f"{HARNESS}/quick:{path}" if quick else path,
        "HOME": f"{WORLD}/root",
        "TMPDIR": f"{WORLD}/tmp",
        "BASH_ENV": f"{HARNESS}/prelude",
        "__n": "\n",
        **scenario.get("env", {}),
    }


def others():
    """Processes that are not this one."""
    return [int(name) for name in os.listdir("/proc") if name.isdigit() and int(name) not in (1, os.getpid())]


def reap():
    while True:
        try:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                return
        except ChildProcessError:
            return


def end_others(seconds=0.0):
    """Waits until nobody else runs; after so many seconds, nobody may."""
    deadline = time.monotonic() + seconds
    while True:
        reap()
        left = others()
        if not left:
            return True
        if time.monotonic() > deadline:
            for pid in left:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
        time.sleep(0.003)


def script(tokens=None, trace=None, quick=False):
    """What the program brings before; then runs the script as SSH would. Returns its exit code (-9 for a kill, None where it did not end) and what it printed."""
    words = ["bash", "-s", "--"] if scenario["form"] == "stdin" else ["bash", "--norc", "-c", scenario["script"], "script"]
    given = f"{HARNESS}/script"
    if scenario["form"] != "stdin":
        given = f"{HARNESS}/input"
        write(given, scenario.get("input", ""))
        if "inputBase64" in scenario:
            with open(given, "wb") as file:
                file.write(base64.b64decode(scenario["inputBase64"]))
    fds = {}
    if scenario.get("before") and not os.path.exists(FILLER):
        bash(scenario["before"], "before")
    if tokens is not None:
        reader, writer = os.pipe()
        os.write(writer, b"." * tokens)
        os.close(writer)
        fds[TOKENS] = reader
    if trace is not None:
        fds[TRACE] = os.open(trace, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_TRUNC)
    for wanted, fd in fds.items():
        os.dup2(fd, wanted)
        os.close(fd)
    if os.path.exists(f"{HARNESS}/killed"):
        os.remove(f"{HARNESS}/killed")
    output = open(f"{HARNESS}/output", "w+b")
    with open(given, "rb") as stdin:
        child = subprocess.Popen(
            words + scenario["args"],
            stdin=stdin,
            stdout=output,
            stderr=output,
            cwd=f"{WORLD}/root",
            env=environment(quick),
            start_new_session=True,
            pass_fds=list(fds),
        )
    for fd in fds:
        os.close(fd)
    try:
        code = child.wait(SECONDS)
    except subprocess.TimeoutExpired:
        code = None
        end_others()
        child.wait()
    output.seek(0)
    said = output.read().decode("utf-8", "replace")
    output.close()
    return code, said


def bash(text, what):
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", text], env={**environment(), "BASH_ENV": ""}, capture_output=True, cwd=WORLD
    )
    if done.returncode != 0:
        raise SystemExit(f"{what}: exit code {done.returncode}: {(done.stderr + done.stdout).decode()[-2000:]}")


def same(text):
    for pattern, instead in scenario.get("same", []):
        text = re.sub(pattern, instead, text)
    return text


def digest():
    """What is there, by path: kind, mode, owner, content; without times, and random names by the scenario's `same`."""
    found = {}
    ignored = [re.compile(one) for one in [f"^{WORLD}/tmp/.*", *scenario.get("ignored", [])]]
    for top in (WORLD, ENGINE, SHARED):
        for folder, folders, files in os.walk(top):
            for name in [*folders, *files]:
                path = os.path.join(folder, name)
                if any(one.search(path) for one in ignored):
                    continue
                about = os.lstat(path)
                text = f"{stat.filemode(about.st_mode)} {about.st_uid}:{about.st_gid}"
                if stat.S_ISLNK(about.st_mode):
                    text += f" -> {same(os.readlink(path))}"
                elif stat.S_ISREG(about.st_mode):
                    with open(path, encoding="utf-8", errors="surrogateescape") as file:
                        text += f" {same(file.read())}"
                found[same(path)] = text
    return found
