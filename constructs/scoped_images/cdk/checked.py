"""Checks the arguments of constructors and methods against their annotations.

Without it a wrong argument ends in a traceback of jsii or Python, which names neither the construct nor what to do.
typeguard, which jsii uses for its own calls, has another interface and other texts in each major version.
Dataclasses outside of `cdk` check themselves, with expect.py.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from difflib import get_close_matches
from functools import cache, wraps
from types import NoneType, SimpleNamespace, UnionType
from typing import Any, Literal, NamedTuple, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from constructs import Construct

import scoped_images
from scoped_images.cdk.place import is_known, path_of
from scoped_images.errors import ScopedImagesError
from scoped_images.expect import got
from scoped_images.platform import Platform

Function = TypeVar("Function", bound=Callable[..., Any])

# What to do, by what an argument must be. The help of a function describes its other arguments.
_USE = {
    "BaseImage or str": (
        "use a base image, or the URI of an image that the app does not build, and put folders into build_contexts of "
        "the context"
    ),
    "BaseImages": "use BaseImages(app, environment, bases=…, prefix=…)",
    "BuildOptions": "use BuildOptions(build_args={'VERSION': '1'})",
    "BuildSecret": "use BuildSecret.secrets_manager(…) or BuildSecret.parameter(…)",
    "Construct": "use a stack, or a construct in one",
    "Duration": "use Duration.minutes(30)",
    "Environment": "use Environment.read(app.node.get_context('environments'), name)",
    "ImageBuilder": "use a RemoteBuilder(…), or None for the machine that deploys",
    "ImageLifecycle": "use ImageLifecycle(max_images=30, untagged_days=7)",
    "ImageRepository": "use one that a stack of this app makes",
    "ImageRepository or ExistingRepository": (
        "use an ImageRepository of an earlier stack, or ImageRepository.from_name(…)"
    ),
    "IRepository": "use an aws_ecr.Repository, or ImageRepository.from_name(…)",
    "Path": "use a path",
    "RefreshMarks": "use RefreshMarks.read()",
    "Retention": "use Retention(max_images=30)",
    "ScopedContext": "use ScopedContext.of(directory)",
    "ScopedImage": "use the construct that builds the image",
    "SubnetSelection": "use aws_ec2.SubnetSelection(subnet_type=aws_ec2.SubnetType.PUBLIC)",
    "a dict": "use {name: value}",
    "a list": "use [first, second]",
    "bool": "use True or False",
}


def checked(
    keywords: type | None = None, *, to: Callable[..., Any] | None = None
) -> Callable[[Function], Function]:
    """Decorate a public constructor or method, or a dataclass, so that a wrong argument raises ScopedImagesError.

    keywords: a TypedDict, for a function that takes `**options: Unpack[<keywords>]` and passes them on to `to`, which
        has their defaults and documents them. `help()` and notebooks then list them one by one.
    """

    def decorate(function: Any) -> Any:
        if isinstance(function, type):
            function.__init__ = decorate(function.__init__)  # type: ignore[misc]
            return function
        signature = _signature_of(function, keywords, to)

        @wraps(function)
        def called(*args: Any, **given: Any) -> Any:
            call = _Call(function, signature, keywords, args, given)
            call.refuse_wrong()
            try:
                return function(*args, **given)
            except RuntimeError as error:
                call.refuse_second(str(error))
                raise

        called.__signature__ = signature  # type: ignore[attr-defined]
        return called

    return cast(Callable[[Function], Function], decorate)


def _signature_of(
    function: Callable[..., Any], keywords: type | None, to: Callable[..., Any] | None
) -> inspect.Signature:
    signature = inspect.signature(function)
    if keywords is None or to is None:
        return signature
    passed_on = inspect.signature(to).parameters
    own = [each for each in signature.parameters.values() if each.kind is not each.VAR_KEYWORD]
    return signature.replace(parameters=[*own, *(passed_on[name] for name in keywords.__annotations__)])


class _Call:
    """One call of a checked function."""

    def __init__(
        self,
        function: Callable[..., Any],
        signature: inspect.Signature,
        keywords: type | None,
        args: tuple[Any, ...],
        given: dict[str, Any],
    ) -> None:
        self._function, self._keywords = function, keywords
        self._name = function.__qualname__.removesuffix(".__init__")
        self._parameters = signature.parameters
        self._refuse_unknown(given)
        try:
            self._arguments = signature.bind_partial(*args, **given).arguments
        except TypeError as error:
            raise ScopedImagesError(
                f"{self._name}(): {error}, got {len(args) - 1} by position; pass each once, and by name"
            ) from None

    def refuse_wrong(self) -> None:
        """Raise for the first argument that is wrong or missing."""
        given = self._arguments
        required = [name for name, each in self._parameters.items() if each.default is each.empty]
        for name in dict.fromkeys((*given, *required)):
            value, parameter = given.get(name), self._parameters[name]
            if value is parameter.default or parameter.annotation is parameter.empty:
                continue
            fault = _fault(name, value, _hint_of(self._function, self._keywords, name))
            if fault is not None:
                value_got = fault.got if name in given else "nothing"
                raise ScopedImagesError(
                    f"{self._named(fault.name)}: must be {fault.kind}, got {value_got}; {self._way_out(fault.kind)}"
                )
            if name == "construct_id":
                self._refuse_id(given[name])

    def refuse_second(self, error: str) -> None:
        """Raise for an error of constructs about an id, or the start of one, that its scope has already."""
        found = re.search(r"already a Construct with name '(.*)' in ", error)
        for name in ("construct_id", "prefix"):
            given = str(self._arguments.get(name, ""))
            # constructs writes ids without a slash. A prefix begins the ids of several constructs.
            start = given.replace("/", "--")
            if found and start and (found[1] == start or (name == "prefix" and found[1].startswith(start))):
                raise ScopedImagesError(
                    f"{name}: {self._place} has a construct {found[1]!r} already, got {given!r}; pass another {name}"
                ) from None

    def _refuse_unknown(self, given: Iterable[str]) -> None:
        for name in given:
            if name not in self._parameters:
                by_name = [each.name for each in self._parameters.values() if each.kind is each.KEYWORD_ONLY]
                # CDK's own constructs call it id.
                similar = [each for each in self._parameters if name in each.split("_")]
                use = get_close_matches(name, self._parameters, n=1) or similar or by_name
                raise ScopedImagesError(
                    f"{name}: {self._name}() has no such argument; use {', '.join(f'{each}=' for each in use)}"
                )

    def _refuse_id(self, value: str) -> None:
        if not value or not is_known(value):
            raise ScopedImagesError(
                f"construct_id: must be a literal that is not empty, got {value!r}; use a name that no other construct "
                f"in {self._place} has"
            )

    @property
    def _path(self) -> str:
        """The path of the scope, empty for the app itself."""
        scope = self._arguments.get("scope", self._arguments.get("app"))
        return path_of(scope) if isinstance(scope, Construct) else ""

    @property
    def _place(self) -> str:
        return repr(self._path) if self._path else "the app"

    def _named(self, name: str) -> str:
        """Return an argument with the path of the construct that it is for, as far as it is known."""
        construct_id = self._arguments.get("construct_id")
        if construct_id is not None and name not in ("scope", "construct_id"):
            return f"{name} of {f'{self._path}/{construct_id}'.removeprefix('/')!r}"
        own = self._arguments.get("self")
        if isinstance(own, Construct) and self._function.__name__ != "__init__":
            return f"{name} of {path_of(own)!r}"
        return name

    def _way_out(self, kind: str) -> str:
        known = (_USE[each] for each in (kind, *kind.split(" or ")) if each in _USE)
        return next(known, f"see help({self._name})")


class _Fault(NamedTuple):
    """What is wrong with an argument, and what it must be."""

    name: str
    got: str
    kind: str


@cache
def _hint_of(function: Callable[..., Any], keywords: type | None, name: str) -> Any:
    """Return the type of one parameter. Those of all would load modules of aws_cdk that few apps need."""
    if name not in function.__annotations__:
        return get_type_hints(keywords)[name]
    text = str(function.__annotations__[name])
    # A module imports some of them for mypy only.
    public = {
        word: getattr(scoped_images, word)
        for word in re.findall(r"\w+", text)
        if word in scoped_images.__all__
    }
    module = inspect.unwrap(function).__globals__
    return get_type_hints(SimpleNamespace(__annotations__={name: text}), module, public)[name]


def _fault(name: str, value: object, hint: Any) -> _Fault | None:
    parts = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    if value is None and NoneType in parts:
        return None
    faults = []
    for part in parts:
        if part is not NoneType:
            fault = _fault_of_one(name, value, part)
            if fault is None:
                return None
            faults.append(fault)
    of_item = next((fault for fault in faults if fault.name != name), None)
    return of_item or faults[0]._replace(kind=" or ".join(fault.kind for fault in faults))


def _fault_of_one(name: str, value: object, hint: Any) -> _Fault | None:
    """Return the fault of a value against a type that is not a union."""
    origin, parts = get_origin(hint), get_args(hint)
    if hint is Platform:
        Platform.parse(value, name=name)
        return None
    if origin is Mapping:
        return _fault_of_mapping(name, value, *parts)
    if inspect.isclass(origin) and issubclass(origin, Iterable):
        return _fault_of_list(name, value, parts[0])
    if origin is Literal:
        is_right, kind = value in parts, " or ".join(map(repr, parts))
    elif origin is Callable:
        # A class, too, may return what a function would. The class of the result is given in place of an instance.
        is_right, kind = callable(value) and value is not parts[-1], "a function"
    else:
        is_right, kind = hint is Any or _is_a(value, hint), getattr(hint, "__name__", "")
    if is_right:
        return None
    # CDK has an Environment too.
    own = type(value)
    return _Fault(name, f"{own.__module__}.{kind}" if own.__name__ == kind else got(value), kind)


def _fault_of_list(name: str, value: object, kind: Any) -> _Fault | None:
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
        return _Fault(name, got(value), "a list")
    # The items of an iterator are for the function that takes them.
    items = () if isinstance(value, Iterator) else enumerate(value)
    return next(filter(None, (_fault(f"{name}[{number}]", item, kind) for number, item in items)), None)


def _fault_of_mapping(name: str, value: object, key_kind: Any, kind: Any) -> _Fault | None:
    if not isinstance(value, Mapping):
        return _Fault(name, got(value), "a dict")
    for key, item in value.items():
        fault = _fault(f"key of {name}", key, key_kind)
        if fault is not None:
            return fault
        fault = _fault(f"{name}[{key!r}]", item, kind)
        if fault is not None:
            # Without the value: it may be a secret.
            return fault._replace(got=type(item).__name__)
    return None


def _is_a(value: object, kind: type) -> bool:
    if isinstance(value, bool):
        return kind in (bool, object)
    if isinstance(value, dict) and hasattr(kind, "__jsii_struct_bases__"):
        return _makes(value, kind)
    if not getattr(kind, "_is_protocol", False):
        return isinstance(value, (int, float) if kind is float else kind)
    if not hasattr(kind, "__jsii_type__"):
        # A class has the attributes of its instances.
        return isinstance(value, kind) and not isinstance(value, type)
    # isinstance does not know jsii's interfaces, and jsii wraps an object whose class it does not know.
    members = [name for name in dir(kind) if not name.startswith("_")]
    return type(value).__name__ == "InterfaceDynamicProxy" or all(
        hasattr(type(value), name) for name in members
    )


def _makes(values: dict[str, Any], struct: type) -> bool:
    """Return whether a struct of jsii can be made of a dict, which jsii takes in its place."""
    try:
        struct(**values)
    except Exception:  # which one depends on the version of typeguard
        return False
    return True
