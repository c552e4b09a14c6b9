# HTTP service receipt_api. Context: services/receipt_api.
# Built from the base image with receipt_dynamo. On the public default image it lacks it at run time.
# The base is Lambda-flavoured: docs/decisions/0003-services-use-the-lambda-base.md says why.
ARG PUBLIC_IMAGE=public.ecr.aws/lambda/python:3.13
ARG BASE_IMAGE_URI=public.ecr.aws/lambda/python:3.13

# Starts from the public image, not from the base: a change of the base installs nothing again.
FROM ${PUBLIC_IMAGE} AS packages
# pip's configuration and certificates for a private index are secrets. Without them pip uses its defaults.
COPY requirements.lock /opt/locks/receipt_api.lock
RUN --mount=type=secret,id=pip_conf,target=/etc/pip.conf \
    --mount=type=secret,id=ca_certificates,target=/run/secrets/ca_certificates \
    pip install --no-cache-dir --only-binary=:all: --root-user-action=ignore \
    --require-hashes -r /opt/locks/receipt_api.lock --target /opt/packages

FROM ${BASE_IMAGE_URI}
# Names this image's base for the image pruner and for registry browsers.
ARG BASE_IMAGE_URI
LABEL org.opencontainers.image.base.name=${BASE_IMAGE_URI}

# Linked, and no WORKDIR, which the base sets: with the packages from the cache, a build pushes these layers without
# downloading the base. The packages go beside what the base has in the task root.
COPY --link requirements.lock /opt/locks/receipt_api.lock
COPY --link --from=packages /opt/packages/ ${LAMBDA_TASK_ROOT}/
COPY --link --chmod=755 *.py ${LAMBDA_TASK_ROOT}/receipt_api/

USER 1000
EXPOSE 8080
# Lambda's entrypoint would start its runtime; the service is a process of its own and gets SIGTERM itself.
ENTRYPOINT []
CMD ["python", "-m", "receipt_api"]
