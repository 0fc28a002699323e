"""Security groups as EC2 keeps them, and in force on the machines after each change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.models.elastic_network_interfaces import NetworkInterfaceBackend
from moto.ec2.models.instances import InstanceBackend
from moto.ec2.models.security_groups import SecurityGroupBackend, SecurityGroupRule
from moto.ec2.responses.security_groups import SecurityGroups

from . import firewall
from .patching import error, instances, replaces


def _then_refresh(original: Callable[..., Any], self: Any, *args: Any, **kwargs: Any) -> Any:
    try:
        return original(self, *args, **kwargs)
    finally:
        firewall.refresh()


for _name in (
    "authorize_security_group_ingress",
    "authorize_security_group_egress",
    "revoke_security_group_ingress",
    "revoke_security_group_egress",
):
    replaces(SecurityGroupBackend, _name)(_then_refresh)


@replaces(SecurityGroupBackend, "_iterate_security_rules")
def _checked(
    original: Callable[..., Any],
    self: Any,
    ip_protocol: Any,
    group_id: str,
    from_port: Any,
    to_port: Any,
    *args: Any,
    **kwargs: Any,
) -> Any:
    """What no packet filter could take is refused before it is in a group."""
    start, end = (-1 if port is None else int(port) for port in (from_port, to_port))
    protocol = str(ip_protocol).lower()
    if protocol in ("tcp", "udp", "6", "17") and not 0 <= start <= end <= 65535 and (start, end) != (-1, -1):
        raise error("InvalidParameterValue", f"Invalid TCP/UDP port range ({start}:{end})")
    if protocol not in ("tcp", "udp", "icmp", "icmpv6", "-1", "all") and not (
        protocol.isdigit() and int(protocol) <= 255
    ):
        raise error("InvalidParameterValue", f"Invalid value '{ip_protocol}' for IP protocol. Unknown protocol.")
    return original(self, ip_protocol, group_id, start, end, *args, **kwargs)


def _identity(rule: Any) -> tuple[Any, ...]:
    group = rule.source_group.get("GroupId") or rule.source_group.get("GroupName")
    return (rule.ip_protocol, rule.from_port, rule.to_port, rule.cidr_ipv4, rule.cidr_ipv6, group, rule.prefix_list_id)


@replaces(SecurityGroupRule, "__eq__")
def _same(original: Callable[..., Any], self: Any, other: Any) -> bool:
    """Two rules are one where they let through the same: to moto, another description of a group is another rule."""
    return _identity(self) == _identity(other)


SecurityGroupRule.description = property(  # type: ignore[assignment, method-assign]
    lambda rule: rule.ip_range.get("Description") or rule.source_group.get("Description")
)


def _all_rules(direction: str) -> Callable[..., Any]:
    """Answers with every rule that was added; moto answers with those of the last permission."""

    def authorize(original: Callable[..., Any], self: Any) -> Any:
        self.error_on_dryrun()
        method = getattr(self.ec2_backend, f"authorize_security_group_{direction}")
        rules = [rule for kwargs in self._process_rules_from_querystring() for rule in method(**kwargs)[0]]
        return ActionResult({"Return": True, "SecurityGroupRules": rules})

    return authorize


replaces(SecurityGroups, "authorize_security_group_ingress")(_all_rules("ingress"))
replaces(SecurityGroups, "authorize_security_group_egress")(_all_rules("egress"))


@replaces(SecurityGroupBackend, "modify_security_group_rules")
def _modify(original: Callable[..., Any], self: Any, group_id: str, rules: dict[str, dict[str, Any]]) -> None:
    """All kinds of rules: moto changes those with an IPv4 block only, and wants ports of every protocol."""
    group = self.get_security_group_from_id(group_id)
    if group is None:
        raise error("InvalidGroup.NotFound", f"The security group '{group_id}' does not exist")
    for rule_id, new in rules.items():
        rule = group.get_rule(rule_id)
        if rule is None:
            raise error("InvalidSecurityGroupRuleId.NotFound", f"The security group rule ID '{rule_id}' does not exist")
        ends = [key for key in ("CidrIpv4", "CidrIpv6", "PrefixListId", "ReferencedGroupId") if new.get(key)]
        if len(ends) != 1:
            raise error(
                "InvalidParameterCombination",
                "Exactly one of cidrIpv4, cidrIpv6, prefixListId and referencedGroupId can be specified",
            )
        protocol = new.get("IpProtocol")
        if protocol is None:
            raise error(
                "InvalidParameterValue",
                "Invalid value 'null' for protocol. VPC security group rules must specify protocols explicitly.",
            )
        _set_end(self, rule, ends[0], new)
        fresh = SecurityGroupRule(self, protocol, group_id, new.get("FromPort", -1), new.get("ToPort", -1), None)
        rule.ip_protocol, rule.from_port, rule.to_port = fresh.ip_protocol, fresh.from_port, fresh.to_port
    firewall.refresh()


def _set_end(backend: Any, rule: Any, end: str, new: dict[str, Any]) -> None:
    """The kind of a rule cannot change, as on EC2."""
    kind = (
        "CidrIpv4"
        if rule.cidr_ipv4
        else "CidrIpv6"
        if rule.cidr_ipv6
        else "PrefixListId"
        if rule.prefix_list_id
        else "ReferencedGroupId"
    )
    if end != kind:
        raise error(
            "InvalidParameterValue",
            f"Invalid rule type for security group rule '{rule.id}'. "
            f"You may not specify {end} for an existing {kind} rule.",
        )
    description = {"Description": new["Description"]} if new.get("Description") else {}
    if end == "PrefixListId":
        rule.prefix_list_id = new[end]
    elif end == "ReferencedGroupId":
        if backend.get_security_group_from_id(new[end]) is None:
            raise error("InvalidGroup.NotFound", f"The security group '{new[end]}' does not exist")
        rule.source_group = {
            **{k: v for k, v in rule.source_group.items() if k != "Description"},
            "GroupId": new[end],
            **description,
        }
    else:
        rule.ip_range = {"CidrIp" if end == "CidrIpv4" else "CidrIpv6": new[end], **description}


@replaces(SecurityGroupBackend, "delete_security_group")
def _delete(original: Callable[..., Any], self: Any, name: str | None = None, group_id: str | None = None) -> Any:
    """Refused while an instance is in it or another group's rule speaks of it; moto deletes it all the same."""
    group = self.get_security_group_by_name_or_id(group_id or name)
    if group is not None:
        if group.is_default:
            raise error(
                "CannotDelete", f'the specified group: "{group.id}" name: "{group.name}" cannot be deleted by a user'
            )
        used = any(group in firewall.groups_of(i) for i in instances())
        others = (g for groups in self.groups.values() for g in groups.values() if g is not group)
        referenced = any(
            r.source_group.get("GroupId") == group.id for g in others for r in [*g.ingress_rules, *g.egress_rules]
        )
        if used or referenced:
            raise error("DependencyViolation", f"resource {group.id} has a dependent object")
    return original(self, name, group_id)


def _found(backend: Any, group_ids: list[str]) -> list[Any]:
    groups = [backend.get_security_group_from_id(group_id) for group_id in group_ids]
    for group_id, group in zip(group_ids, groups, strict=True):
        if group is None:
            raise error("InvalidGroup.NotFound", f"The security group '{group_id}' does not exist")
    return groups


@replaces(InstanceBackend, "modify_instance_security_groups")
def _set_instance_groups(
    original: Callable[..., Any], self: Any, instance_id: str, new_group_id_list: list[str]
) -> Any:
    """The instance's groups are those of its first interface; moto keeps two lists and judges by their union."""
    instance = self.get_instance(instance_id)
    groups = _found(self, new_group_id_list)
    instance.security_groups = groups
    instance.nics[0]._group_set = list(groups)
    firewall.refresh()
    return instance


@replaces(NetworkInterfaceBackend, "modify_network_interface_attribute")
def _set_interface_groups(
    original: Callable[..., Any], self: Any, eni_id: str, group_ids: list[str], *args: Any, **kwargs: Any
) -> Any:
    groups = _found(self, group_ids or [])
    result = original(self, eni_id, group_ids or [], *args, **kwargs)
    nic = self.get_network_interface(eni_id)
    if groups and nic.instance is not None and nic.device_index == 0:
        nic.instance.security_groups = list(groups)
    firewall.refresh()
    return result
