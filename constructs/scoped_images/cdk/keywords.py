"""Shows the keywords that a function passes on to another in its signature, as `help()` and notebooks read it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from difflib import get_close_matches
from functools import wraps
from typing import Any, TypeVar, cast

from scoped_images.errors import ScopedImagesError

Function = TypeVar("Function", bound=Callable[..., Any])


def passes_on(keywords: type, *, to: Callable[..., Any]) -> Callable[[Function], Function]:
    """Decorate a function that takes `**options: Unpack[<keywords>]`: `to` has their defaults and documents them.

    mypy and editors read the TypedDict; at run time there would be one parameter `options`, and an unknown keyword
    would be an error of `to`, which the user did not call.
    """
    taken = inspect.signature(to).parameters
    passed = [taken[name] for name in keywords.__annotations__]

    def decorate(function: Function) -> Function:
        signature = inspect.signature(function)
        own = [each for each in signature.parameters.values() if each.kind is not each.VAR_KEYWORD]
        known = [each.name for each in (*own, *passed)]
        by_name = [each.name for each in (*own, *passed) if each.kind is each.KEYWORD_ONLY]

        @wraps(function)
        def checked(*args: Any, **given: Any) -> Any:
            for name in given:
                if name not in known:
                    called = function.__qualname__.removesuffix(".__init__")
                    use = get_close_matches(name, known, n=1) or by_name
                    raise ScopedImagesError(
                        f"{name}: {called}() has no such argument; use {', '.join(f'{each}=' for each in use)}"
                    )
            return function(*args, **given)

        checked.__signature__ = signature.replace(parameters=[*own, *passed])  # type: ignore[attr-defined]
        return cast(Function, checked)

    return decorate
