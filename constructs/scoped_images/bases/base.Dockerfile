# Base image with packages of a repository (docs/bases.md). The context holds what synth generated: the requirements and
# two programs. The files of the packages are the build context "source".
ARG PUBLIC_IMAGE=public.ecr.aws/lambda/python:3.13
ARG BASE_IMAGE_URI=public.ecr.aws/lambda/python:3.13

# Starts from the public image, not from the base: a change of the base neither installs nor builds anything again.
FROM ${PUBLIC_IMAGE} AS build
# build packages

# Third-party packages: they change less often than the source, and this layer comes from the cache.
# pip's configuration and certificates for a private index are secrets. Without them pip uses its defaults.
FROM build AS requirements
RUN --mount=type=bind,source=requirements.txt,target=/build/requirements.txt \
    --mount=type=bind,source=install-requirements,target=/build/install-requirements \
    --mount=type=secret,id=pip_conf,target=/etc/pip.conf \
    --mount=type=secret,id=ca_certificates,target=/run/secrets/ca_certificates \
    sh /build/install-requirements /installed

# Build backends write beside the source. The build discards that.
FROM build AS packages
RUN --mount=type=bind,source=build-constraints.txt,target=/build/build-constraints.txt \
    --mount=type=bind,source=install-packages,target=/build/install-packages \
    --mount=type=bind,from=source,target=/source,rw \
    --mount=type=secret,id=pip_conf,target=/etc/pip.conf \
    --mount=type=secret,id=ca_certificates,target=/run/secrets/ca_certificates \
    sh /build/install-packages /source /installed

FROM ${BASE_IMAGE_URI}
# Names this image's base for the image pruner and for registry browsers.
ARG BASE_IMAGE_URI
LABEL org.opencontainers.image.base.name=${BASE_IMAGE_URI}

# Into Lambda's task root, because Lambda puts it before its own /var/runtime, whose boto3 would win otherwise.
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=/var/task
# path
# system packages
# Linked: where the base has no other step, a build pushes these layers without downloading it.
# copies
COPY --link --from=requirements /installed/ /var/task/
COPY --link --from=packages /installed/ /var/task/
