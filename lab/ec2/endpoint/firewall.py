"""Security groups, as nftables rules in the machine's own network namespace.

The table is the endpoint's own and hooks in after connection tracking and before Docker's address translation, so a
published port is judged by the number that the client dialled. Only eth0 is judged: what containers inside the machine
say to each other is none of EC2's business. A change replaces the table in one transaction; established connections
live on, as on EC2.
"""

from __future__ import annotations

import ipaddress
import threading
from typing import Any

from . import engine
from .patching import instances

_TABLE = "inet berth_ec2"
_PROTOCOL_NUMBERS = {"tcp": "6", "udp": "17", "icmp": "1", "icmpv6": "58"}
_applied: dict[str, tuple[int, str]] = {}
_lock = threading.RLock()


def groups_of(instance: Any) -> list[Any]:
    """The groups that judge an instance's traffic."""
    nic = instance.nics.get(0)
    return list(nic.group_set) if nic else list(instance.security_groups)


def members(group_id: str) -> list[str]:
    """Private addresses of the instances in a group."""
    return sorted(
        i.private_ip_address
        for i in instances()
        if any(g.id == group_id for g in groups_of(i)) and i.private_ip_address
    )


def _matches(rule: Any) -> list[str]:
    """What packets a rule speaks of, but for the address."""
    protocol = str(rule.ip_protocol or "-1").lower()
    if protocol == "-1":
        return [""]
    number = _PROTOCOL_NUMBERS.get(protocol, protocol)
    start, end = rule.from_port, rule.to_port
    if number in ("6", "17"):
        name = "tcp" if number == "6" else "udp"
        low, high = (0, 65535) if start in (None, -1) else (int(start), int(end))
        return [f"{name} dport {low}-{high}"]
    if number in ("1", "58"):
        name = "icmp" if number == "1" else "icmpv6"
        if start in (None, -1):
            return [f"meta l4proto {number}"]
        code = "" if end in (None, -1) else f" {name} code {int(end)}"
        return [f"{name} type {int(start)}{code}"]
    return [f"meta l4proto {int(number)}"]


def _addresses(rule: Any, direction: str) -> list[str]:
    """The far ends that a rule speaks of: a block, or the members of a group. A list of prefixes holds nothing here."""
    if rule.cidr_ipv4:
        return [f"ip {direction} {ipaddress.ip_network(rule.cidr_ipv4, strict=False)}"]
    if rule.cidr_ipv6:
        return [f"ip6 {direction} {ipaddress.ip_network(rule.cidr_ipv6, strict=False)}"]
    if rule.source_group:
        found = members(rule.source_group["GroupId"])
        return [f"ip {direction} {{ {', '.join(found)} }}"] if found else []
    if rule.prefix_list_id:
        engine.log(
            f"rule {rule.id}: the prefix list {rule.prefix_list_id} has no entries in the lab; nothing is opened"
        )
    return []


def _accepts(rules: list[Any], direction: str) -> list[str]:
    lines = [
        " ".join(part for part in ("   ", address, match, "accept") if part)
        for rule in rules
        for address in _addresses(rule, direction)
        for match in _matches(rule)
        if not (address.startswith("ip6 ") and match.startswith("icmp "))
        and not (address.startswith("ip ") and match.startswith("icmpv6 "))
    ]
    return list(dict.fromkeys(lines))


def ruleset(instance: Any) -> str:
    """All that may pass, for nft. Neighbour discovery passes as ARP does: EC2 does not judge it either."""
    groups = groups_of(instance)
    inbound = _accepts([rule for group in groups for rule in group.ingress_rules], "saddr")
    outbound = _accepts([rule for group in groups for rule in group.egress_rules], "daddr")
    discovery = (
        "    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit, nd-router-advert } accept"
    )
    chains = []
    for name, hook, interface, accepts in (
        ("ingress", "prerouting", "iifname", inbound),
        ("egress", "postrouting", "oifname", outbound),
    ):
        chains += [
            f"  chain {name} {{",
            f"    type filter hook {hook} priority mangle; policy accept;",
            f'    {interface} != "eth0" accept',
            "    ct state established,related accept",
            discovery,
            *accepts,
            "    counter drop",
            "  }",
        ]
    return "\n".join([f"table {_TABLE}", f"delete table {_TABLE}", f"table {_TABLE} {{", *chains, "}", ""])


def apply(instance: Any, pid: int) -> None:
    """Puts the rules in force, unless the machine already has these."""
    with _lock:
        rules = ruleset(instance)
        if _applied.get(instance.id) == (pid, rules):
            return
        engine.in_network_of(pid, "nft", "-f", "-", input=rules)
        _applied[instance.id] = (pid, rules)


def forget(instance_id: str) -> None:
    """The machine's network is gone, and the rules with it."""
    with _lock:
        _applied.pop(instance_id, None)


def refresh() -> None:
    """After a change of any rule or membership: every running machine whose rules are affected gets its new ones."""
    with _lock:
        for instance in instances():
            known = _applied.get(instance.id)
            if known is not None and instance.state == "running":
                apply(instance, known[0])


def check() -> None:
    """Fails where the kernel cannot do it: a lab that leaves every port open would prove nothing."""
    rules = f"""table {_TABLE} {{
      chain c {{
        type filter hook prerouting priority mangle
        iifname != "eth0" accept
        ct state established,related accept
        ip saddr 192.0.2.0/24 tcp dport 1-2 accept
        counter drop
      }}
    }}
    """
    try:
        engine.run("unshare", "--net", "nft", "-f", "-", input=rules)
    except engine.CommandError as failure:
        raise SystemExit(
            f"This kernel does not take the nftables rules that security groups need: {failure}"
        ) from failure
