# HTTP service receipt_api. Context: services/receipt_api.
# Meant to stand on the base image with receipt_dynamo. Built by hand on the public default it lacks it at run time.
# The base is Lambda-flavoured: docs/decisions/0003-services-use-the-lambda-base.md says why.
ARG BASE_IMAGE_URI=public.ecr.aws/lambda/python:3.13
FROM ${BASE_IMAGE_URI}
# Tells the image pruner, and any registry browser, what this image stands on.
ARG BASE_IMAGE_URI
LABEL org.opencontainers.image.base.name=${BASE_IMAGE_URI}

# Into the task root, beside what the base image has there. pip's own configuration and certificates, for a private
# index, come as secrets: absent, pip uses its defaults.
COPY requirements.lock /opt/locks/receipt_api.lock
RUN --mount=type=secret,id=pip_conf,target=/etc/pip.conf \
    --mount=type=secret,id=ca_certificates,target=/run/secrets/ca_certificates \
    pip install --no-cache-dir --only-binary=:all: --root-user-action=ignore \
    --require-hashes -r /opt/locks/receipt_api.lock --target "${LAMBDA_TASK_ROOT}"

WORKDIR ${LAMBDA_TASK_ROOT}
COPY --chmod=755 *.py ./receipt_api/

USER 1000
EXPOSE 8080
# Lambda's entrypoint would start its runtime; the service is a process of its own and gets SIGTERM itself.
ENTRYPOINT []
CMD ["python", "-m", "receipt_api"]
