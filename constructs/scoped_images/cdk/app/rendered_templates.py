"""Renders the templates of stacks before CDK writes them, with all overrides and references resolved."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

import jsii
from aws_cdk import ISynthesisSession, Stack, StackSynthesizer, cx_api

from scoped_images.cdk.place import is_known, parent_of, path_of, place_of
from scoped_images.templates.template import StackTemplate, Templates


def render(stacks: Iterable[Stack]) -> Templates:
    """Render each stack's template. Call it when references are resolved: from a construct's validation."""
    with tempfile.TemporaryDirectory() as folder:
        session = _Session(cx_api.CloudAssemblyBuilder(folder))
        return Templates([_render(stack, session) for stack in stacks])


def stack_template(stack: Stack, body: dict[str, Any]) -> StackTemplate:
    """Describe a stack and its template."""
    place, parent = place_of(stack), parent_of(stack)
    logical_id = None
    if parent is not None and stack.nested_stack_resource is not None:
        logical_id = parent.resolve(stack.nested_stack_resource.logical_id)
    return StackTemplate(
        path=path_of(stack),
        stack_name=str(stack.stack_name),
        account=place.account if is_known(place.account) else None,
        region=place.region if is_known(place.region) else None,
        body=body,
        parent=None if parent is None else path_of(parent),
        logical_id=logical_id,
    )


def _render(stack: Stack, session: _Session) -> StackTemplate:
    renderer = _Renderer()
    renderer.bind(stack)
    renderer.write(cast(ISynthesisSession, session))
    return stack_template(stack, json.loads(Path(session.outdir, stack.template_file).read_text()))


class _Renderer(StackSynthesizer):
    """Writes the template of any stack, whichever synthesizer the stack has, and nothing else."""

    def write(self, session: ISynthesisSession) -> None:
        self._synthesize_template(session)

    def add_file_asset(self, **_: Any) -> Any:
        raise NotImplementedError

    def add_docker_image_asset(self, **_: Any) -> Any:
        raise NotImplementedError

    def synthesize(self, session: ISynthesisSession) -> None:
        raise NotImplementedError


@jsii.implements(ISynthesisSession)
class _Session:
    """Where templates are written. jsii calls properties only, no attributes, and wants setters for them."""

    def __init__(self, assembly: cx_api.CloudAssemblyBuilder) -> None:
        self._assembly = assembly

    @property
    def assembly(self) -> cx_api.CloudAssemblyBuilder:
        return self._assembly

    @property
    def outdir(self) -> str:
        return str(self._assembly.outdir)

    @property
    def validate_on_synth(self) -> bool:
        return False
