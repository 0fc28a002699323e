"""Runs one host script again and again and breaks each run in another way. Runs in a container of its own, as its first process.

stdin: one JSON object, a Scenario of scenario.ts with the script's text. stdout: one JSON object, a Report of the same
file; what went wrong is in its `failures`.

The disk that the script writes to is /world, a small tmpfs; /engine has what the fakes know, on another. A run is: both
as set up, the script disturbed, both looked at (`intact`), the script once more undisturbed, its end state compared with
that of a run that nothing has disturbed.
"""

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
SECONDS = 30
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
KILL = f"read -rN1 -u {TOKENS} __token 2>/dev/null || kill -9 %s"
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


def difference(wanted, got):
    lines = []
    for path in sorted({*wanted, *got}):
        one, other = wanted.get(path, "not there"), got.get(path, "not there")
        if one != other:
            at = max(0, len(os.path.commonprefix([one, other])) - 40)
            lines.append(f"{path}: wanted …{one[at : at + 200]!r}, is …{other[at : at + 200]!r}")
    return "\n    ".join(lines[:6])


def fail(how, what, said=""):
    failures.append(f"{how}: {what}" + (f"\n  it said: {said.strip()[-700:]}" if said.strip() else ""))


def settled(how):
    """The end state, after what the host does by itself later."""
    if scenario.get("settle"):
        try:
            bash(scenario["settle"], "settle")
        except SystemExit as error:
            fail(how, str(error))
    return digest()


def is_intact(how, said):
    if not scenario.get("intact"):
        return True
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", scenario["intact"]], env={**environment(), "BASH_ENV": ""}, capture_output=True, cwd=WORLD)
    if done.returncode == 0:
        return True
    fail(how, f"what must be there is not: {(done.stdout + done.stderr).decode()[-700:]}", said)
    return False


def again(how, wanted):
    """The next run, which nothing disturbs."""
    prelude("")
    silence("answers")
    code, said = script()
    end_others(LEFT_SECONDS)
    if code != scenario.get("code", 0):
        return fail(how, f"the next run ends with {code}", said)
    if not is_intact(f"{how}, and after the next run", said):
        return
    got = settled(how)
    if got != wanted:
        fail(how, f"after the next run the host differs:\n    {difference(wanted, got)}", said)


def undisturbed():
    reset()
    prelude("")
    silence("answers")
    code, said = script()
    end_others(LEFT_SECONDS)
    if code != scenario.get("code", 0):
        fail("undisturbed", f"it ends with {code}", said)
    if not re.search(scenario.get("says", ""), said):
        fail("undisturbed", f"it does not say {scenario['says']}", said)
    is_intact("undisturbed", said)
    wanted = settled("undisturbed")
    again("twice", wanted)
    return wanted


def commands():
    """The first line of each command that the script runs, in order."""
    reset()
    prelude(LIST)
    script(trace=f"{HARNESS}/trace")
    end_others(LEFT_SECONDS)
    with open(f"{HARNESS}/trace", encoding="utf-8", errors="replace") as file:
        return file.read().splitlines()


def spread(points, most):
    """So many of them at most, evenly, with the first and the last."""
    if len(points) <= most:
        return points
    return sorted({points[round(i * (len(points) - 1) / (most - 1))] for i in range(most)})


def kill_at_every_command(wanted):
    listed = commands()
    points = [at for at in range(1, len(listed) + 1) if not HARMLESS.match(listed[at - 1])]
    for which, most in (("all of it", scenario["mostKills"]), ("the shell", scenario["mostKills"] // 4)):
        for point in spread(points, max(most, 2)):
            if len(failures) >= MOST_FAILURES:
                return len(listed)
            how = f"{which} killed after command {point} of {len(listed)}, {listed[point - 1][:90]}"
            reset()
            prelude(KILLED[which])
            code, said = script(tokens=point)
            prelude("")
            end_others(LEFT_SECONDS)
            counts["kills"] += 1
            if is_intact(how, said):
                again(how, wanted)
    return len(listed)


def fill(pages):
    with open(FILLER, "wb") as file:
        free = os.statvfs(WORLD)
        os.posix_fallocate(file.fileno(), 0, max(1, (free.f_bavail - pages)) * free.f_bsize)


def full_disk(wanted):
    good = 0
    for pages in range(scenario.get("mostPages", 24)):
        if len(failures) >= MOST_FAILURES or good == 2:
            return
        how = f"{pages * PAGE // 1024} KiB free"
        reset()
        if scenario.get("before"):
            bash(scenario["before"], "before")
        fill(pages)
        prelude("")
        code, said = script()
        end_others(LEFT_SECONDS)
        os.remove(FILLER)
        counts["fills"] += 1
        if not is_intact(how, said):
            continue
        if code == scenario.get("code", 0):
            got = settled(how)
            if got != wanted:
                fail(how, f"it ends with {code}, and the host differs:\n    {difference(wanted, got)}", said)
                continue
            good += 1
        else:
            good = 0
        again(how, wanted)


def silent_docker(wanted):
    reset()
    silence("answers")
    script()
    end_others(LEFT_SECONDS)
    calls = os.path.getsize(f"{HARNESS}/calls")
    ways = [f"{way} {after}" for way, most in (("fails", 8), ("hangs", 3)) for after in spread(list(range(calls)), most)]
    for way in ways:
        if len(failures) >= MOST_FAILURES:
            return
        how = f"docker {way.split()[0]} after {way.split()[1]} of {calls} calls"
        reset()
        silence(way)
        code, said = script(quick=True)
        end_others(1 if way.startswith("hangs") else LEFT_SECONDS)
        counts["silences"] += 1
        if code is None:
            fail(how, f"it has not ended after {SECONDS} s", said)
            continue
        if not is_intact(how, said):
            continue
        silence("answers")
        if code == scenario.get("code", 0) and not scenario.get("withoutDocker"):
            got = settled(how)
            if got != wanted:
                fail(how, f"it ends with {code}, and the host differs:\n    {difference(wanted, got)}", said)
                continue
        again(how, wanted)


prepare()
state = undisturbed()
number = 0
if not failures:
    number = kill_at_every_command(state)
    full_disk(state)
    silent_docker(state)
print(json.dumps({"commands": number, **counts, "failures": failures}))
