# Base image with receipt_label. Context: packages/receipt_label.
# Meant to stand on base_receipt_dynamo. Built by hand on the public default it lacks receipt_dynamo at run time.
ARG BASE_IMAGE_URI=public.ecr.aws/lambda/python:3.13
FROM ${BASE_IMAGE_URI}
# Tells the image pruner, and any registry browser, what this image stands on.
ARG BASE_IMAGE_URI
LABEL org.opencontainers.image.base.name=${BASE_IMAGE_URI}

ENV PYTHONDONTWRITEBYTECODE=1

# See base_receipt_dynamo.Dockerfile for the why of each step.
COPY requirements.lock /opt/locks/receipt_label.lock
RUN --mount=type=secret,id=pip_conf,target=/etc/pip.conf \
    --mount=type=secret,id=ca_certificates,target=/run/secrets/ca_certificates \
    pip install --no-cache-dir --only-binary=:all: --root-user-action=ignore \
    --require-hashes -r /opt/locks/receipt_label.lock --target "${LAMBDA_TASK_ROOT}"

WORKDIR ${LAMBDA_TASK_ROOT}
COPY --chmod=755 src/ ./
