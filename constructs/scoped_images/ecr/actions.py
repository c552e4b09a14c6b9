"""IAM's actions for images in ECR, but for `ecr:GetAuthorizationToken`, which takes no repository."""

from __future__ import annotations

PULL = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
# For those who may PULL too: a push asks which layers and manifests are there.
PUSH = ("ecr:CompleteLayerUpload", "ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart")
