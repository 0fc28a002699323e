"""Service Quotas: the limits of vCPUs that AWS gives to a new account."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.servicequotas.models import ServiceQuotasBackend

from .patching import replaces

# On demand and spot, of the standard families; a new account gets none of the others.
_VCPUS = {"L-1216C47A": 5.0, "L-34B43A08": 5.0}


@replaces(ServiceQuotasBackend, "get_service_quota")
def _quota(original: Callable[..., Any], self: Any, service_code: str, quota_code: str) -> Any:
    if service_code != "ec2" or quota_code not in _VCPUS:
        return original(self, service_code, quota_code)
    return {"ServiceCode": service_code, "QuotaCode": quota_code, "Value": _VCPUS[quota_code], "Adjustable": True}
