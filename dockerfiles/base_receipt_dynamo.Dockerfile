# Base image with receipt_dynamo. Context: packages/receipt_dynamo.
ARG BASE_IMAGE_URI=public.ecr.aws/lambda/python:3.13
FROM ${BASE_IMAGE_URI}
# Tells the image pruner, and any registry browser, what this image stands on.
ARG BASE_IMAGE_URI
LABEL org.opencontainers.image.base.name=${BASE_IMAGE_URI}

ENV PYTHONDONTWRITEBYTECODE=1

# Third-party packages first: they change less often than the source, and this layer comes from the cache.
# Into the task root, because Lambda puts it before its own /var/runtime, whose boto3 would win otherwise.
COPY requirements.lock /opt/locks/receipt_dynamo.lock
# pip's own configuration and certificates, for a private index, come as secrets: absent, pip uses its defaults.
RUN --mount=type=secret,id=pip_conf,target=/etc/pip.conf \
    --mount=type=secret,id=ca_certificates,target=/run/secrets/ca_certificates \
    pip install --no-cache-dir --only-binary=:all: --root-user-action=ignore \
    --require-hashes -r /opt/locks/receipt_dynamo.lock --target "${LAMBDA_TASK_ROOT}"

WORKDIR ${LAMBDA_TASK_ROOT}
# Copied, not installed: the source needs no build, and so no build backend has to be downloaded.
# The mode is given, because Lambda's user must read files whatever umask the checkout had.
COPY --chmod=755 src/ ./
