"""What engines answered on Debian 12, shortened: Docker 28.5.2 with buildx 0.29.1, and podman 4.3.1."""

from __future__ import annotations

import re
from dataclasses import replace

from scoped_images.engine.check import Answer

DOCKER = Answer(
    returncode=0, stdout="Docker version 28.5.2+dfsg4, build 9cc6dea35e9a963f281434761c656fba4ac43aed\n"
)
PODMAN = Answer(returncode=0, stdout="podman version 4.3.1\n")
BUILDX = Answer(returncode=0, stdout="github.com/docker/buildx 0.29.1+ds1 0.29.1+ds1-4\n")
NO_BUILDX = Answer(
    returncode=1,
    stdout="",
    stderr="docker: unknown command: docker buildx\n\nRun 'docker --help' for more information\n",
)
_DEBUG = (
    'time="2026-11-26T09:15:10Z" level=debug msg="otel error" error="error detecting resource: conflicting Schema URL: '
    'https://opentelemetry.io/schemas/1.26.0 and https://opentelemetry.io/schemas/1.40.0"\n'
)
CONTAINERD_STORE = Answer(
    returncode=0,
    stdout="""\
Name:   default
Driver: docker

Nodes:
Name:             default
Endpoint:         default
Status:           running
BuildKit version: v0.0.0+unknown
Platforms:        linux/amd64, linux/amd64/v2, linux/amd64/v3, linux/amd64/v4
Features:
 Automatically load images to the Docker Engine image store: true
 Cache export:                                               true
 Direct push:                                                true
 Docker exporter:                                            true
 Multi-platform build:                                       true
 OCI exporter:                                               true
Labels:
 org.mobyproject.buildkit.worker.containerd.namespace: moby
 org.mobyproject.buildkit.worker.executor:             containerd
GC Policy rule#0:
 All:            false
 Filters:        type==source.local,type==exec.cachemount,type==source.git.checkout
 Keep Duration:  48h0m0s
""",
    stderr=_DEBUG,
)
OVERLAY2 = replace(
    CONTAINERD_STORE, stdout=re.sub(r"(Cache export: +)true", r"\1false", CONTAINERD_STORE.stdout)
)
NO_BUILDER = Answer(
    returncode=1,
    stdout="",
    stderr=_DEBUG
    + """\
ERROR: no builder "nowhere" found
25684 0.29.1+ds1 /usr/libexec/docker/cli-plugins/docker-buildx -D buildx inspect
github.com/docker/buildx/store/storeutil.GetNodeGroup
\tgithub.com/docker/buildx/store/storeutil/storeutil.go:108
""",
)
NO_ENGINE = Answer(
    returncode=0,
    stdout="""\
Name:   default
Driver:\x20
Error:  Cannot connect to the Docker daemon at unix:///tmp/nowhere.sock. Is the docker daemon running?
""",
    stderr=_DEBUG,
)
KEEPS_IMAGES = Answer(
    returncode=0,
    stdout="""\
Name:          plain
Driver:        docker-container
Last Activity: 2026-11-26 09:15:33 +0000 UTC

Nodes:
Name:                  plain0
Endpoint:              unix:///run/docker.sock
Status:                inactive
BuildKit daemon flags: --allow-insecure-entitlement=network.host
Features:
 Automatically load images to the Docker Engine image store: false
 Cache export:                                               true
 Direct push:                                                true
 Docker exporter:                                            true
 Multi-platform build:                                       true
 OCI exporter:                                               true
""",
    stderr=_DEBUG,
)
LOADS_IMAGES = replace(
    KEEPS_IMAGES, stdout=KEEPS_IMAGES.stdout.replace("plain", "loads").replace("store: false", "store: true")
)
