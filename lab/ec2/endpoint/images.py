"""AMIs: Canonical's, from amis.json, and a way to publish a newer one as Canonical would.

RegisterImage with a name of Canonical's scheme makes one of Canonical's: a test of "the newest AMI" needs just that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.ec2.models.amis import Ami, AmiBackend

from .patching import error, parameter, replaces

CANONICAL = "099720109477"
_PREFIX = "ubuntu/images/"


@replaces(AmiBackend, "register_image")
def _register(original: Callable[..., Any], self: Any, name: str | None = None, description: str | None = None) -> Any:
    owner = CANONICAL if (name or "").startswith(_PREFIX) else self.account_id
    same = next((ami for ami in self.amis.values() if ami.name == name and ami.owner_id == owner), None)
    if same is not None:
        raise error("InvalidAMIName.Duplicate", f"AMI name {name} is already in use by AMI {same.id}")
    ami = original(self, name, description)
    ami.owner_id = owner
    ami.architecture = parameter("Architecture", "x86_64")
    ami.virtualization_type = parameter("VirtualizationType", "hvm")
    ami.root_device_name = parameter("RootDeviceName", "/dev/sda1")
    ami.root_device_type = "ebs"
    ami.hypervisor = "xen"
    if owner == CANONICAL:
        ami.owner_alias = "amazon"
        ami.launch_permissions.append({"Group": "all"})
    return ami


@replaces(Ami, "get_filter_value")
def _filter(original: Callable[..., Any], self: Any, name: str, method_name: str | None = None) -> Any:
    """Filters that people write in every look-up of an AMI, and that moto does not know."""
    known = {
        "root-device-type": self.root_device_type,
        "image-type": self.image_type,
        "hypervisor": self.hypervisor,
        "description": self.description,
    }
    return known[name] if name in known else original(self, name, method_name)
