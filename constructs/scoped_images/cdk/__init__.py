"""The constructs: the only code that imports aws_cdk."""

from __future__ import annotations

from scoped_images.cdk.node_program import refuse_missing_node

# Before a module of this package imports aws_cdk.
refuse_missing_node()
