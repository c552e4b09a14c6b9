"""Shows the keywords that a function passes on to another in its signature, as `help()` and notebooks read it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])


def passes_on(keywords: type, *, to: Callable[..., Any]) -> Callable[[Function], Function]:
    """Decorate a function that takes `**options: Unpack[<keywords>]`: `to` has their defaults and documents them.

    mypy and editors read the TypedDict; at run time there would be one parameter `options`.
    """
    taken = inspect.signature(to).parameters
    passed = [taken[name] for name in keywords.__annotations__]

    def decorate(function: Function) -> Function:
        signature = inspect.signature(function)
        own = [each for each in signature.parameters.values() if each.kind is not each.VAR_KEYWORD]
        function.__signature__ = signature.replace(parameters=[*own, *passed])  # type: ignore[attr-defined]
        return function

    return decorate
