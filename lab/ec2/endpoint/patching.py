"""How the endpoint changes moto: one method at a time, by name, so that another version of moto fails at the start."""

from __future__ import annotations

import contextvars
import functools
import re
from collections.abc import Callable, Iterator
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import ec2_backends
from moto.ec2.responses._base_response import EC2BaseResponse

from . import engine

_MARKUP = re.compile(r"(<[^>]*>|\s)+")
_request: contextvars.ContextVar[Any] = contextvars.ContextVar("request")


def replaces(owner: type, name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Puts the decorated function in the place of `owner.name`; it gets the original as its first argument."""
    original = getattr(owner, name)

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def patched(self: Any, *args: Any, **kwargs: Any) -> Any:
            return function(original, self, *args, **kwargs)

        setattr(owner, name, patched)
        return function

    return decorate


@replaces(EC2BaseResponse, "call_action")
def _remember_request(original: Callable[..., Any], self: Any) -> Any:
    """The backend's methods get only what moto knows of; with the request at hand they see all that was asked for.

    What EC2 refuses is said in the log too.
    """
    token = _request.set(self)
    try:
        status, headers, body = original(self)
        if status >= 400:
            engine.log(f"{self._get_action()}: {_MARKUP.sub(' ', str(body)).strip()}")
        return status, headers, body
    except NotImplementedError as missing:
        return self.serialized(
            ActionResult(error("UnsupportedOperation", f"The lab does not have this operation: {missing}"))
        )
    finally:
        _request.reset(token)


def action() -> str | None:
    """The operation that is being answered (`RunInstances`)."""
    request = _request.get(None)
    return None if request is None else request._get_action()


def parameter(name: str, default: Any = None) -> Any:
    """A parameter of the request that is being answered (`Placement.AvailabilityZone`), or the default."""
    request = _request.get(None)
    value = None if request is None else request._get_param(name)
    return default if value is None else value


def error(code: str, message: str) -> EC2ClientError:
    """An error as EC2 answers it."""
    return EC2ClientError(code, message)


def backends() -> Iterator[Any]:
    """The EC2 backends of every account and region that was asked for so far."""
    for account in list(ec2_backends.values()):
        yield from list(account.values())


def instances() -> Iterator[Any]:
    """The instances of all regions that are not terminated."""
    for backend in backends():
        for reservation in list(backend.reservations.values()):
            yield from (i for i in reservation.instances if i.state != "terminated")
