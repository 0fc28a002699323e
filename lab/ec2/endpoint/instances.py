"""RunInstances, Stop, Start, Reboot and Terminate act on machines; what moto does not keep of an instance is kept."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.core.types import Base64EncodedString
from moto.ec2.models.instance_types import INSTANCE_TYPES
from moto.ec2.models.instances import Instance, InstanceBackend, MetadataOptions
from moto.ec2.responses.general import General
from moto.ec2.responses.instances import InstanceResponse
from moto.ec2.responses.monitoring import Monitoring

from . import addresses, engine, firewall, machines, patching
from .patching import error, parameter, replaces

_NO_TOKEN = "ABCDE"  # what moto writes where a client sent none
_ROOT_GIB = 8
_launches: dict[tuple[str, str, str], tuple[str, Any]] = {}
_launch_locks: dict[tuple[str, str, str], threading.Lock] = {}


@replaces(InstanceBackend, "run_instances")
def _run(original: Callable[..., Any], self: Any, *args: Any, **kwargs: Any) -> Any:
    """The same client token gives the same instances, also to a client that asks again while the first are starting."""
    token = kwargs.get("client_token", _NO_TOKEN)
    if token == _NO_TOKEN:
        return _launch(original, self, *args, **kwargs)
    key = (self.account_id, self.region_name, token)
    asked = repr((args, sorted((k, v) for k, v in kwargs.items() if k != "tags")))
    with _launch_locks.setdefault(key, threading.Lock()):
        if key not in _launches:
            _launches[key] = (asked, _launch(original, self, *args, **kwargs))
        elif _launches[key][0] != asked:
            raise error("IdempotentParameterMismatch", "The client token was used with other parameters.")
        return _launches[key][1]


def _launch(original: Callable[..., Any], backend: Any, image_id: str, count: int, *args: Any, **kwargs: Any) -> Any:
    _check(backend, image_id, kwargs)
    known = set(backend.reservations)
    try:
        reservation = original(backend, image_id, int(parameter("MaxCount", count)), *args, **kwargs)
        for instance in reservation.instances:
            _complete(instance, given_nics=bool(kwargs.get("nics")))
            with engine.lock(instance.id):
                machines.create(instance)
                machines.boot(instance)
    except Exception:
        _undo(backend, known)
        raise
    firewall.refresh()
    return reservation


def _undo(backend: Any, known: set[str]) -> None:
    """Nothing remains of a launch that failed."""
    for key in set(backend.reservations) - known:
        for instance in backend.reservations[key].instances:
            instance.terminate()
        del backend.reservations[key]


def _check(backend: Any, image_id: str, kwargs: dict[str, Any]) -> None:
    kind = kwargs["instance_type"]
    if kind not in INSTANCE_TYPES:
        raise error("InvalidInstanceType", f"The following supplied instance types do not exist: [{kind}]")
    if not image_id:
        return
    image = backend.describe_images(ami_ids=[image_id])[0]
    runs = INSTANCE_TYPES[kind]["ProcessorInfo"]["SupportedArchitectures"]
    if image.architecture not in runs:
        raise error(
            "InvalidParameterValue",
            f"The architecture '{','.join(runs)}' of the specified instance type does not match the architecture "
            f"'{image.architecture}' of the specified AMI. Specify an instance type and an AMI that have "
            "matching architectures.",
        )


def _complete(instance: Any, given_nics: bool) -> None:
    """What moto leaves out of a new instance."""
    instance.disable_api_termination = parameter("DisableApiTermination", False)
    nic = instance.nics[0]
    if not given_nics:
        nic.delete_on_termination = True
    instance.security_groups = list(nic.group_set)
    nic._group_set = list(instance.security_groups)


@replaces(InstanceResponse, "_parse_block_device_mapping")
def _block_devices(original: Callable[..., Any], self: Any) -> Any:
    """An instance has a root volume, whose size and deletion need not be given; moto makes it of what is given only."""
    if self._get_param("LaunchTemplate"):
        return original(self)
    root: dict[str, Any] = {"DeviceName": "/dev/sda1", "Ebs": {"VolumeType": "gp3"}}
    asked = self._get_param("BlockDeviceMappings", [])
    if not any(mapping.get("DeviceName") == root["DeviceName"] for mapping in asked):
        asked.append(root)
    for mapping in asked:
        if mapping["DeviceName"] == root["DeviceName"]:
            mapping["Ebs"] = {
                "VolumeSize": _ROOT_GIB,
                "DeleteOnTermination": True,
                **root["Ebs"],
                **mapping.get("Ebs", {}),
            }
    self._get_params()["BlockDeviceMappings"] = asked
    return original(self)


@replaces(Instance, "add_block_device")
def _add_block_device(original: Callable[..., Any], self: Any, *args: Any, **kwargs: Any) -> None:
    """Throughput and IOPS of a new instance's volumes, which moto does not pass on."""
    before = set(self.block_device_mapping)
    original(self, *args, **kwargs)
    for device in set(self.block_device_mapping) - before:
        volume = self.ec2_backend.get_volume(self.block_device_mapping[device].volume_id)
        for mapping in parameter("BlockDeviceMappings", []):
            if mapping.get("DeviceName") == device:
                volume.iops = mapping["Ebs"].get("Iops") or volume.iops
                volume.throughput = mapping["Ebs"].get("Throughput") or volume.throughput


def _require(instance: Any, *states: str) -> None:
    if instance.state not in states:
        raise error(
            "IncorrectInstanceState",
            f"The instance '{instance.id}' is not in a state from which it can be changed so: it is {instance.state}.",
        )


@replaces(Instance, "stop")
def _stop(original: Callable[..., Any], self: Any) -> Any:
    with engine.lock(self.id):
        _require(self, "running", "stopped")
        if self.state == "stopped":
            return copy.copy(self._state)
        machines.stop(self.id)
        return _stopped(original, self)


def _stopped(original: Callable[..., Any], instance: Any) -> Any:
    previous = original(instance)
    addresses.keep_elastic(instance)
    return previous


@replaces(Instance, "start")
def _start(original: Callable[..., Any], self: Any) -> Any:
    with engine.lock(self.id):
        _require(self, "running", "stopped")
        if self.state == "running":
            return copy.copy(self._state)
        previous = original(self)
        addresses.keep_elastic(self)
        try:
            machines.boot(self)
        except engine.CommandError:
            self._state.name, self._state.code = previous.name, previous.code
            raise
    firewall.refresh()
    return previous


@replaces(Instance, "reboot")
def _reboot(original: Callable[..., Any], self: Any) -> None:
    with engine.lock(self.id):
        _require(self, "running")
        machines.stop(self.id)
        machines.boot(self)
        original(self)


@replaces(Instance, "terminate")
def _terminate(original: Callable[..., Any], self: Any) -> Any:
    with engine.lock(self.id):
        if self.state == "terminated":
            return copy.copy(self._state)
        machines.remove(self.id)
        for address in list(self.ec2_backend.addresses):
            if address.eni is not None and address.eni.instance is self:
                self.ec2_backend.disassociate_address(address=address.public_ip)
        previous = original(self)
    firewall.refresh()
    return previous


def _find(instance_id: str) -> Any:
    return next((i for i in patching.instances() if i.id == instance_id), None)


def rebooted_inside(instance_id: str) -> None:
    """Somebody ran `reboot` in the machine: it comes back, with its rules, addresses and volumes."""
    instance = _find(instance_id)
    if instance is not None:
        with engine.lock(instance_id):
            machines.boot(instance)


def ended_inside(instance_id: str) -> None:
    """Somebody ran `poweroff` in the machine, or it broke: the instance is stopped."""
    instance = _find(instance_id)
    if instance is not None:
        with engine.lock(instance_id):
            _stopped(_stop_of_moto, instance)


_stop_of_moto = Instance.stop.__wrapped__  # type: ignore[attr-defined]


@replaces(InstanceBackend, "modify_instance_attribute")
def _modify(original: Callable[..., Any], self: Any, instance_id: str, key: str, value: Any) -> Any:
    instance = self.get_instance(instance_id)
    if key == "instance_type":
        _require(instance, "stopped")
        if value not in INSTANCE_TYPES:
            raise error("InvalidInstanceAttributeValue", f"The instance type '{value}' does not exist")
    if key == "user_data":
        _require(instance, "stopped")
    if isinstance(value, str) and value.lower() in ("true", "false"):
        value = value.lower() == "true"
    return original(self, instance_id, key, value)


@replaces(InstanceBackend, "modify_instance_metadata_options")
def _modify_metadata_options(original: Callable[..., Any], self: Any, instance_id: str, **kwargs: Any) -> Any:
    """What is not named stays as it is; moto forgets it."""
    kept = copy.copy(self.get_instance(instance_id).metadata_options)
    options: MetadataOptions = original(self, instance_id=instance_id, **kwargs)
    for name, value in vars(kept).items():
        if getattr(options, name) is None:
            setattr(options, name, value)
    if kwargs.get("hop_limit") is None:
        options.http_put_response_hop_limit = kept.http_put_response_hop_limit
    return options


def _monitor(state: str) -> Callable[..., Any]:
    def answer(original: Callable[..., Any], self: Any) -> Any:
        self.error_on_dryrun()
        found = self.ec2_backend.get_multi_instances_by_id(self._get_param("InstanceIds", []))
        for instance in found:
            instance.monitoring_state = state
        return ActionResult(
            {"InstanceMonitorings": [{"InstanceId": i.id, "Monitoring": {"State": state}} for i in found]}
        )

    return answer


replaces(Monitoring, "monitor_instances")(_monitor("enabled"))
replaces(Monitoring, "unmonitor_instances")(_monitor("disabled"))


@replaces(General, "get_console_output")
def _console(original: Callable[..., Any], self: Any) -> Any:
    """What cloud-init said at the boot, which on EC2 goes to the console: moto's is an example from a book."""
    result = original(self)
    pid = engine.running.get(self._get_param("InstanceId"))
    path = engine.root_of(pid) / "var/log/cloud-init-output.log" if pid is not None else None
    text = path.read_text(errors="replace")[-65536:] if path is not None and path.exists() else ""
    result.result["Output"] = Base64EncodedString.from_raw_string(text)
    return result
