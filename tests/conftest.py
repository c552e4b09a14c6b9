"""What every test of the constructs shares."""

from __future__ import annotations

import os

from hypothesis import settings

from scoped_images.image.ci_source import SYSTEMS

# CloudFormation validation takes 2-4 s for each app; one test of its own keeps it on.
os.environ.setdefault("CDK_VALIDATION", "false")
# CI's own variables must not decide whether the builds under test write their caches.
for system in SYSTEMS:
    for name in (system.pull_request, system.branch, system.tag, system.main_branch, system.event):
        os.environ.pop(name or "", None)

# A change must not fail for a case that it did not cause: other cases than the usual ones, and many, belong to
# nightly runs (`make fuzz`).
FUZZ = int(os.environ.get("SCOPED_IMAGES_FUZZ", "0"))
NIGHTLY = FUZZ or "SCOPED_IMAGES_WORLDS" in os.environ
settings.register_profile(
    "scoped_images", derandomize=not NIGHTLY, deadline=None, database=None, max_examples=FUZZ or 40
)
settings.load_profile("scoped_images")
