"""What every test of the constructs shares."""

from __future__ import annotations

import os

# CloudFormation validation takes 2-4 s for each app; one test of its own keeps it on.
os.environ.setdefault("CDK_VALIDATION", "false")
