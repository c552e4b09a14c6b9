"""Renders the templates of stacks before CDK writes them, with all overrides and references resolved."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

import jsii
from aws_cdk import (
    DefaultStackSynthesizer,
    IStackSynthesizer,
    ISynthesisSession,
    NestedStackSynthesizer,
    Stack,
    cx_api,
)

from scoped_images.cdk.place import is_known, parent_of, path_of, place_of
from scoped_images.templates.template import StackTemplate, Templates


def render(stacks: Iterable[Stack]) -> Templates:
    """Render each stack's template. Call it when references are resolved: from a construct's validation."""
    with tempfile.TemporaryDirectory() as folder:
        session, parent = _Session(cx_api.CloudAssemblyBuilder(folder), folder), DefaultStackSynthesizer()
        return Templates([_render(stack, parent, session) for stack in stacks])


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


def _render(stack: Stack, parent: IStackSynthesizer, session: _Session) -> StackTemplate:
    # A nested stack's synthesizer writes the template of any stack, and nothing else.
    renderer = NestedStackSynthesizer(parent)
    renderer.bind(stack)
    renderer.synthesize(cast(ISynthesisSession, session))
    return stack_template(stack, json.loads(Path(session.outdir, stack.template_file).read_text()))


@jsii.implements(ISynthesisSession)
class _Session:
    """Says where templates are written. jsii reads properties of Python, and not its attributes."""

    def __init__(self, assembly: cx_api.CloudAssemblyBuilder, outdir: str) -> None:
        self._assembly, self._outdir = assembly, outdir

    @property
    def assembly(self) -> cx_api.CloudAssemblyBuilder:
        return self._assembly

    @property
    def outdir(self) -> str:
        return self._outdir

    @property
    def validate_on_synth(self) -> bool:
        return False
