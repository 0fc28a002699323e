"""What follows host.py in the same process: runs the script undisturbed, and then broken in each way."""

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
        if code == 0:
            got = settled(how)
            if got != wanted:
                fail(how, f"it ends with {code}, and the host differs:\n    {difference(wanted, got)}", said)
                continue
            good += 1
        else:
            good = good + 1 if code == scenario.get("code", 0) else 0
        again(how, wanted)


def silent_docker(wanted):
    reset()
    silence("answers")
    script()
    end_others(LEFT_SECONDS)
    calls = os.path.getsize(f"{HARNESS}/calls")
    fails, hangs = scenario.get("mostSilences", (8, 3))
    ways = [f"{way} {after}" for way, most in (("fails", fails), ("hangs", hangs)) for after in spread(list(range(calls)), most)]
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
        if code == 0 and not scenario.get("withoutDocker"):
            got = settled(how)
            if got != wanted:
                fail(how, f"it ends with {code}, and the host differs:\n    {difference(wanted, got)}", said)
                continue
        again(how, wanted)


signal.alarm(1200)  # where nobody is there any more to hear of it
prepare()
state = undisturbed()
number = 0
if not failures:
    number = kill_at_every_command(state)
    full_disk(state)
    silent_docker(state)
print(json.dumps({"commands": number, **counts, "failures": failures}))
