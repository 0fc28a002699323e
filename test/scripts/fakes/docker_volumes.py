#!/usr/bin/env -S python3 -S -E
"""As much of the Docker CLI as anonymous-volumes.sh asks: the engine is the JSON file that $ENGINE names.

{"containers": [{"id", "name", "state", "labels": {}, "mounts": [{"volume", "path", "named"}]}],
 "volumes": {NAME: {"labels": {}, "data"}}, "images": {ID: [PATH]}, "calls": [], "down": false}
"""

import json
import os
import sys

FILE = os.environ["ENGINE"]
with open(FILE, encoding="utf-8") as file:
    engine = json.load(file)
words = sys.argv[1:]


def fail(message):
    sys.exit(f"docker: {message}")


def options(name):
    return [words[i + 1] for i, word in enumerate(words[:-1]) if word == name]


def labels():
    return dict(one.partition("=")[::2] for one in options("--label"))


def matches(thing_labels, name="", volumes=(), identity=""):
    for one in options("--filter"):
        kind, _, value = one.partition("=")
        key, _, wanted = value.partition("=")
        if kind == "label" and (key not in thing_labels or (wanted and thing_labels[key] != wanted)):
            return False
        if kind == "name" and value not in name:
            return False
        if kind == "id" and not identity.startswith(value):
            return False
        if kind == "volume" and value not in volumes:
            return False
    return True


def container():
    found = [one for one in engine["containers"] if words[-1] in (one["id"], one["name"])]
    return found[0] if found else fail(f"no such container: {words[-1]}")


def remove_container():
    if "-v" in words or "--volumes" in words:
        fail("a volume would go")
    engine["containers"].remove(container())


def main():
    form = (options("--format") or [""])[0]
    match words[:2]:
        case ["ps", _]:
            for one in reversed(engine["containers"]):  # the newest first
                volumes = [mount["volume"] for mount in one["mounts"]]
                if matches(one["labels"], volumes=volumes, identity=one["id"]):
                    holds = one["labels"].get("berth.holds", "")
                    texts = {"{{.Names}}": one["name"], "": one["id"], '{{.ID}} {{.Label "berth.holds"}}': f"{one['id']} {holds}"}
                    print(texts.get(form, f"{one['id']} {one['state']} {one['name']}"))
        case ["container", "inspect"]:
            one = container()
            if ".HostConfig" in form:
                print(json.dumps([mount["volume"] for mount in one["mounts"] if mount["named"]]), "null")
                if ".Name" in form:
                    print("".join(f"{mount['volume']} {mount['path']}\n" for mount in one["mounts"]))
            elif ".Destination" in form:
                print("\n".join(mount["path"] for mount in one["mounts"]))
            else:
                print("/" + one["name"])
        case ["image", "inspect"]:
            if words[-1] not in engine["images"]:
                fail("no such image")
            print("\n".join(engine["images"][words[-1]]))
        case ["volume", "ls"]:
            for name, one in engine["volumes"].items():
                if matches(one["labels"], name):
                    record = [one["labels"].get(f"berth.{key}", "") for key in ("slot", "path", "holds")]
                    texts = {"": name, '{{.Label "berth.service"}}': one["labels"].get("berth.service", "")}
                    print(texts.get(form, "\t".join([name, *record])))
        case ["volume", "inspect"]:
            one = engine["volumes"].get(words[-1]) or fail("no such volume")
            print(one["data"])
        case ["volume", "create"]:
            data = os.path.join(os.path.dirname(FILE), words[-1])
            os.makedirs(data, exist_ok=True)
            engine["volumes"].setdefault(words[-1], {"labels": labels(), "data": data})
        case ["volume", "rm"]:
            if any(mount["volume"] == words[-1] for one in engine["containers"] for mount in one["mounts"]):
                fail("volume is in use")
            del engine["volumes"][words[-1]]
        case ["create", _]:
            source = dict(field.partition("=")[::2] for field in options("--mount")[0].split(","))["source"]
            name = options("--name")[0]
            mounts = [{"volume": source, "path": "/berth-holds", "named": True}]
            engine["containers"].append({"id": f"{name}-id", "name": name, "state": "created", "labels": labels(), "mounts": mounts})
        case ["stop", _]:
            container()["state"] = "exited"
        case ["rm", _]:
            remove_container()
        case _:
            fail(f"unexpected: {words}")


if engine.get("down"):
    fail("Cannot connect to the Docker daemon")
main()
changes = ("create", "stop", "rm", "volume create", "volume rm")
if " ".join(words[:2]).startswith(changes):
    engine["calls"].append(" ".join(word for word in words if "=" not in word and not word.startswith("-")))
    with open(FILE + ".new", "w", encoding="utf-8") as file:
        json.dump(engine, file)
    os.replace(FILE + ".new", FILE)
