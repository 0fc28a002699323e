"""Private, public and elastic addresses. All are of the machines' Docker network, so that they really answer.

lab/internet/start.sh makes the network so that Docker itself hands out addresses of its lower half only. Of the upper
half the first part is for private addresses, the second for public ones. In a network that was made otherwise, private
addresses are what Docker gives, and public ones come from the upper half as far as nobody has them.
"""

from __future__ import annotations

import ipaddress
import json
import threading
from collections.abc import Callable
from typing import Any

import moto.ec2.models.elastic_ip_addresses as eip_models
import moto.ec2.models.elastic_network_interfaces as nic_models
from moto.ec2.models.vpcs import VPCBackend

from . import engine
from .patching import backends, error, instances, parameter, replaces

_config = engine.network()["IPAM"]["Config"][0]
SUBNET = ipaddress.IPv4Network(_config["Subnet"])
GATEWAY = _config.get("Gateway") or str(SUBNET[1])
# Docker takes a fixed address for a container only where the network's subnet was given by whoever made it.
CHOOSES_PRIVATE = bool(_config.get("IPRange"))
_HALF = SUBNET.num_addresses // 2
_PRIVATE = range(_HALF, _HALF + _HALF // 2)
_PUBLIC = range(_HALF + _HALF // 2, SUBNET.num_addresses - 1)


class Pool:
    """Gives the addresses of a range in turn, so that a freed one is not soon somebody else's."""

    def __init__(self, positions: range) -> None:
        self._positions = positions
        self._next = 0
        self._lock = threading.Lock()

    def take(self) -> str:
        with self._lock:
            used = in_use()
            for _ in self._positions:
                address = str(SUBNET[self._positions[self._next]])
                self._next = (self._next + 1) % len(self._positions)
                if address not in used and address.rsplit(".", 1)[1] not in (
                    "0",
                    "255",
                ):  # some tools think they are special
                    return address
        raise error("AddressLimitExceeded", f"No address of {SUBNET} is left.")

    def __contains__(self, address: str) -> bool:
        return int(ipaddress.IPv4Address(address)) - int(SUBNET.network_address) in self._positions


def in_use() -> set[str]:
    """Addresses that Docker or moto has given away."""
    containers = engine.network().get("Containers") or {}
    used = {c["IPv4Address"].split("/")[0] for c in containers.values() if c.get("IPv4Address")}
    used |= {address.public_ip for backend in backends() for address in backend.addresses}
    for instance in instances():
        for nic in instance.nics.values():
            used |= {a for a in (nic.private_ip_address, nic.public_ip) if a}
    return used | {GATEWAY}


@replaces(VPCBackend, "create_vpc")
def _create_vpc(
    original: Callable[..., Any], self: Any, cidr_block: str, *args: Any, is_default: bool = False, **kwargs: Any
) -> Any:
    """The default VPC's block is the network's, so that a rule for "all of the VPC" means what it says."""
    if is_default and SUBNET.prefixlen == 16:  # the six default subnets are /20s of it
        cidr_block = str(SUBNET)
    return original(self, cidr_block, *args, is_default=is_default, **kwargs)


private = Pool(_PRIVATE)
public = Pool(_PUBLIC)

# moto's own are invented, and answer nowhere.
eip_models.random_ip = public.take
nic_models.random_public_ip = public.take


def set_private(instance: Any, address: str) -> None:
    """Tells moto the private address that the machine has."""
    nic = instance.nics[0]
    for entry in nic.private_ip_addresses:
        if entry.get("PrivateIpAddress") == nic.private_ip_address:
            entry["PrivateIpAddress"] = address
    nic.private_ip_address = address
    dns_name = instance.private_dns_name
    nic.private_dns_name = dns_name
    for entry in nic.private_ip_addresses:
        entry["PrivateDnsName"] = dns_name


def sync(instance: Any, pid: int) -> None:
    """Gives the machine the public addresses that it should have and takes those that it should not.

    Who had a moved address in its neighbour table hears at once of the new holder: an announcement of this kind is
    believed even by those that have just talked to the old one.
    """
    wanted = {nic.public_ip for nic in instance.nics.values() if nic.public_ip}
    shown = json.loads(engine.in_network_of(pid, "ip", "-json", "-4", "address", "show", "dev", "eth0"))
    has = {entry["local"] for entry in shown[0]["addr_info"] if entry["local"] in public} - {
        instance.private_ip_address
    }
    for address in has - wanted:
        engine.in_network_of(pid, "ip", "address", "del", f"{address}/32", "dev", "eth0")
    for address in wanted - has:
        engine.in_network_of(pid, "ip", "address", "add", f"{address}/32", "dev", "eth0")
        engine.in_network_of(pid, "arping", "-q", "-U", "-c", "1", "-I", "eth0", address)


def keep_elastic(instance: Any) -> None:
    """An elastic address outlasts stop and start; moto gives an interface with an automatic address a new one."""
    for address in instance.ec2_backend.addresses:
        if address.eni is not None and address.eni.instance is instance:
            address.eni.public_ip = address.public_ip


def changed(instance: Any) -> None:
    """An instance's public addresses have changed: the machine's change too, where it runs."""
    with engine.lock(instance.id):
        pid = engine.running.get(instance.id)
        if pid is not None:
            sync(instance, pid)


@replaces(eip_models.ElasticAddressBackend, "associate_address")
def _associate(original: Callable[..., Any], self: Any, *args: Any, **kwargs: Any) -> Any:
    """As in a VPC: re-association is the default, and both the address and the instance leave what they had before."""
    kwargs["reassociate"] = parameter("AllowReassociation", True) is not False
    nic = kwargs.get("eni") or kwargs["instance"].nics[0]
    if nic.instance is not None and nic.instance.state not in ("pending", "running", "stopping", "stopped"):
        raise error("IncorrectInstanceState", f"The instance '{nic.instance.id}' is {nic.instance.state}.")
    kwargs["instance"] = nic.instance
    kwargs["eni"] = nic
    asked = next(
        (
            a
            for a in self.addresses
            if kwargs.get("address") == a.public_ip or kwargs.get("allocation_id") == a.allocation_id
        ),
        None,
    )
    before = asked.eni if asked else None
    others = [a for a in self.addresses if a.eni is nic and a is not asked]
    if not kwargs["reassociate"] and (others or (before and before is not nic)):
        raise error(
            "Resource.AlreadyAssociated",
            f"resource {nic.id if others else asked and asked.allocation_id} is already associated",
        )
    for other in others:
        other.instance = other.eni = other.association_id = None
    if before is not None and before is not nic:
        before.public_ip = None
        if before.instance is not None and before.instance.state == "running":
            before.check_auto_public_ip()
        if before.instance is not None:
            changed(before.instance)
    result = original(self, *args, **kwargs)
    if nic.instance is not None:
        changed(nic.instance)
    return result


@replaces(eip_models.ElasticAddressBackend, "disassociate_address")
def _disassociate(
    original: Callable[..., Any], self: Any, address: str | None = None, association_id: str | None = None
) -> Any:
    found = [
        a for a in self.addresses if a.public_ip == address or (association_id and a.association_id == association_id)
    ]
    instance = found[0].eni.instance if found and found[0].eni else None
    result = original(self, address=address, association_id=association_id)
    if instance is not None:
        changed(instance)
    return result


@replaces(eip_models.ElasticAddressBackend, "release_address")
def _release(
    original: Callable[..., Any], self: Any, address: str | None = None, allocation_id: str | None = None
) -> Any:
    """EC2 refuses to release an address that is still associated; moto releases it."""
    for found in self.addresses:
        if found.association_id and (found.public_ip == address or found.allocation_id == allocation_id):
            raise error("InvalidIPAddress.InUse", f"Address {found.public_ip} is in use.")
    return original(self, address=address, allocation_id=allocation_id)
