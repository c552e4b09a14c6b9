# Base image with one package of a workspace. Context: its requirements.txt; its source is the build context "source".
# Meant to stand on the bases of the packages that it needs. Built by hand on the public default it lacks them.
ARG BASE_IMAGE_URI=public.ecr.aws/lambda/python:3.13
FROM ${BASE_IMAGE_URI}
# Tells the image pruner, and any registry browser, what this image stands on.
ARG BASE_IMAGE_URI
LABEL org.opencontainers.image.base.name=${BASE_IMAGE_URI}

ENV PYTHONDONTWRITEBYTECODE=1

# copies
# Third-party packages first: they change less often than the source, and this layer comes from the cache.
# Into the task root, because Lambda puts it before its own /var/runtime, whose boto3 would win otherwise.
# By way of a folder of their own: in one that is there pip installs nothing, and bases share namespaces as google's.
# pip's own configuration and certificates, for a private index, come as secrets: absent, pip uses its defaults.
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
# The mode is given, because Lambda's user must read files whatever umask the checkout had.
COPY --chmod=755 --from=source . ./
