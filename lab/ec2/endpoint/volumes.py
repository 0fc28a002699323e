"""EBS volumes: a sparse file each, as a loop device in the machine that it is attached to.

The machine sees it under the name that was asked for, and by the id under which udev shows it on EC2. Root volumes have
no storage of their own: they stand for the container's file system. The files lie in a Docker volume of the endpoint.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import stat
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from moto.ec2.models.elastic_block_store import EBSBackend

from . import engine
from .patching import action, error, parameter, replaces

STORE = Path("/var/lib/berth-ec2")
_loops: dict[str, str] = {}
_tokens: dict[str, Any] = {}
_lock = threading.RLock()


def _file(identifier: str) -> Path:
    return STORE / identifier


def clear() -> None:
    """Frees the loop devices of an earlier endpoint and deletes its files: what they belonged to was in its memory."""
    for path in STORE.glob("*-*"):
        for line in engine.run("losetup", "--noheadings", "--output", "NAME", "--associated", str(path)).split():
            engine.run("losetup", "--detach", line)
        path.unlink()


def _loop(volume: Any) -> str:
    """The loop device of a volume; file and device are made at the first use."""
    with _lock:
        if volume.id not in _loops:
            path = _file(volume.id)
            with open(path, "ab") as file:
                if file.tell() < int(volume.size) << 30:
                    file.truncate(int(volume.size) << 30)
            _loops[volume.id] = engine.run("losetup", "--find", "--show", str(path))
        return _loops[volume.id]


def _link(root: Path, volume_id: str) -> Path:
    return root / "dev/disk/by-id" / f"nvme-Amazon_Elastic_Block_Store_{volume_id.replace('-', '')}"


def _real(instance: Any, device: str) -> bool:
    return device != instance.root_device_name


def expose(instance: Any, pid: int) -> None:
    """Makes the devices of all attached volumes in a machine, whose /dev is new after each start."""
    for device, attached in instance.get_block_device_mapping:
        if _real(instance, device):
            _expose(instance.ec2_backend.get_volume(attached.volume_id), device, engine.root_of(pid))


def _expose(volume: Any, device: str, root: Path) -> None:
    node = root / device.lstrip("/")
    node.unlink(missing_ok=True)
    os.mknod(node, stat.S_IFBLK | 0o660, os.stat(_loop(volume)).st_rdev)
    link = _link(root, volume.id)
    link.parent.mkdir(parents=True, exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(device)


def _in_use(loop: str) -> bool:
    """Whether the device is mounted, in whatever namespace: the kernel then lets nobody have it exclusively."""
    try:
        os.close(os.open(loop, os.O_RDONLY | os.O_EXCL))
    except OSError as failure:
        if failure.errno == errno.EBUSY:
            return True
        raise
    return False


def _release(volume_id: str) -> None:
    """Frees the loop device. Mounts of a machine that has just ended go away within a moment."""
    with _lock:
        loop = _loops.pop(volume_id, None)
        if loop is None:
            return
        deadline = time.monotonic() + 5
        while _in_use(loop) and time.monotonic() < deadline:
            time.sleep(0.05)
        engine.run("losetup", "--detach", loop)


@replaces(EBSBackend, "attach_volume")
def _attach(
    original: Callable[..., Any],
    self: Any,
    volume_id: str,
    instance_id: str,
    device_path: str,
    delete_on_termination: bool = False,
) -> Any:
    volume, instance = self.get_volume(volume_id), self.get_instance(instance_id)
    if volume.attachment:
        raise error("VolumeInUse", f"{volume_id} is already attached to an instance")
    if instance.state not in ("pending", "running", "stopped"):
        raise error("IncorrectState", f"Instance '{instance_id}' is not 'running' or 'stopped'.")
    if not re.fullmatch(r"/dev/[a-z][a-z0-9]*", device_path or ""):
        raise error(
            "InvalidParameterValue",
            f"Value ({device_path}) for parameter device is invalid. It is not a valid EBS device name.",
        )
    if device_path in instance.block_device_mapping:
        raise error(
            "InvalidParameterValue",
            f"Invalid value '{device_path}' for unixDevice. Attachment point {device_path} is already in use",
        )
    if volume.availability_zone != instance.availability_zone:
        raise error(
            "InvalidVolume.ZoneMismatch",
            f"The volume '{volume_id}' is not in the same availability zone as instance '{instance_id}'",
        )
    with engine.lock(instance_id):
        pid = engine.running.get(instance_id)
        if pid is not None and _real(instance, device_path):
            _expose(volume, device_path, engine.root_of(pid))
        return original(self, volume_id, instance_id, device_path, delete_on_termination)


@replaces(EBSBackend, "detach_volume")
def _detach(
    original: Callable[..., Any],
    self: Any,
    volume_id: str,
    instance_id: str | None = None,
    device_path: str | None = None,
) -> Any:
    """Refuses at once where the volume is mounted. EC2 would wait for the unmount; a client then waits for minutes."""
    volume = self.get_volume(volume_id)
    if not volume.attachment:
        raise error("IncorrectState", f"Volume '{volume_id}' is in the 'available' state.")
    instance_id = instance_id or volume.attachment.instance.id
    instance = self.get_instance(instance_id)
    device_path = device_path or volume.attachment.device
    with engine.lock(instance_id):
        _hide(volume_id, instance_id, device_path)
        result = original(self, volume_id, instance.id, device_path)
        _release(volume_id)
    return result


def _hide(volume_id: str, instance_id: str, device_path: str) -> None:
    """Takes the device out of a running machine, if it is not in use there."""
    loop = _loops.get(volume_id)
    pid = engine.running.get(instance_id)
    if loop and pid is not None:
        if _in_use(loop) and parameter("Force") is not True:
            raise error(
                "IncorrectState",
                f"Volume '{volume_id}' is busy: {device_path} is mounted in {instance_id}. "
                "Unmount it, stop the instance, or detach with Force.",
            )
        if _in_use(loop):
            engine.docker("exec", instance_id, "umount", "--lazy", "--all-targets", device_path)
        root = engine.root_of(pid)
        (root / device_path.lstrip("/")).unlink(missing_ok=True)
        _link(root, volume_id).unlink(missing_ok=True)


@replaces(EBSBackend, "delete_volume")
def _delete(original: Callable[..., Any], self: Any, volume_id: str) -> Any:
    result = original(self, volume_id)
    _file(volume_id).unlink(missing_ok=True)
    return result


@replaces(EBSBackend, "modify_volume")
def _modify(
    original: Callable[..., Any], self: Any, volume_id: str, target_size: Any = None, *args: Any, **kwargs: Any
) -> Any:
    """A volume grows under its machine, and never shrinks."""
    volume = self.get_volume(volume_id)
    if target_size and int(target_size) < int(volume.size):
        raise error("InvalidParameterValue", f"New size cannot be smaller than existing size: {volume.size} GiB")
    result = original(self, volume_id, target_size, *args, **kwargs)
    with _lock:
        if target_size and _file(volume_id).exists():
            os.truncate(_file(volume_id), int(target_size) << 30)
            if volume_id in _loops:
                engine.run("losetup", "--set-capacity", _loops[volume_id])
    return result


@replaces(EBSBackend, "create_snapshot")
def _snapshot(original: Callable[..., Any], self: Any, volume_id: str, *args: Any, **kwargs: Any) -> Any:
    result = original(self, volume_id, *args, **kwargs)
    _copy(volume_id, result.id)
    return result


@replaces(EBSBackend, "create_volume")
def _create(original: Callable[..., Any], self: Any, *args: Any, **kwargs: Any) -> Any:
    """A client token makes one volume; the content of a snapshot is in it."""
    token = parameter("ClientToken") if action() == "CreateVolume" else None
    with _lock:
        if token in _tokens and _tokens[token].id in self.volumes:
            return _tokens[token]
        result = original(self, *args, **kwargs)
        if token:
            _tokens[token] = result
    if result.snapshot_id:
        _copy(result.snapshot_id, result.id)
    return result


def _copy(source: str, target: str) -> None:
    """Only what was ever attached has a file; the rest is empty. Holes stay holes."""
    if _file(source).exists():
        engine.run("cp", "--sparse=always", "--reflink=auto", str(_file(source)), str(_file(target)))


def check() -> None:
    """Says at the start where volumes will not attach; machines do without."""
    try:
        engine.run("losetup", "--find")
    except engine.CommandError:
        engine.log("This kernel has no loop devices: AttachVolume will fail.")
    if shutil.disk_usage(STORE).free < 1 << 30:
        engine.log(f"Less than 1 GiB is free for volumes ({STORE}).")
