# Base image with one package of a workspace. Context: its requirements.txt; its source is the build context "source".
# Built from the bases of the packages that it needs. On the public default image it lacks them.
ARG BASE_IMAGE_URI=public.ecr.aws/lambda/python:3.13
FROM ${BASE_IMAGE_URI}
# Names this image's base for the image pruner and for registry browsers.
ARG BASE_IMAGE_URI
LABEL org.opencontainers.image.base.name=${BASE_IMAGE_URI}

ENV PYTHONDONTWRITEBYTECODE=1

# copies
# Third-party packages first: they change less often than the source, and this layer comes from the cache.
# Into the task root, because Lambda puts it before its own /var/runtime, whose boto3 would win otherwise.
# Through a new folder: pip --target skips folders that exist, and bases may share a namespace such as google.
# pip's configuration and certificates for a private index are secrets. Without them pip uses its defaults.
RUN --mount=type=bind,source=requirements.txt,target=/run/requirements/requirements.txt \
    --mount=type=secret,id=pip_conf,target=/etc/pip.conf \
    --mount=type=secret,id=ca_certificates,target=/run/secrets/ca_certificates \
    if [ -s /run/requirements/requirements.txt ]; then \
    mkdir -p /tmp/installed \
    && pip install --no-cache-dir --only-binary=:all: --root-user-action=ignore \
    -r /run/requirements/requirements.txt --target /tmp/installed \
    && cp -a /tmp/installed/. "${LAMBDA_TASK_ROOT}/" \
    && rm -rf /tmp/installed; fi

WORKDIR ${LAMBDA_TASK_ROOT}
# Copied, not installed: the source needs no build, and so no build backend has to be downloaded.
# Lambda's user must be able to read the files, whatever umask the checkout had.
COPY --chmod=755 --from=source . ./
