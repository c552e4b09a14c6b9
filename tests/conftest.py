"""What every test of the constructs shares."""

from __future__ import annotations

import os

from scoped_images.image.ci_source import VARIABLES

# CloudFormation validation takes 2-4 s for each app; one test of its own keeps it on.
os.environ.setdefault("CDK_VALIDATION", "false")
# CI's own variables must not decide whether the builds under test write their caches.
for name in VARIABLES:
    os.environ.pop(name, None)
