# Every Lambda function. Context: the function's folder, lambdas/<name>.
# Built from the base image with its packages. On the public default image it lacks them at run time.
ARG BASE_IMAGE_URI=public.ecr.aws/lambda/python:3.13
FROM ${BASE_IMAGE_URI}
# Names this image's base for the image pruner and for registry browsers.
ARG BASE_IMAGE_URI
LABEL org.opencontainers.image.base.name=${BASE_IMAGE_URI}

# Linked, and no WORKDIR, which the base sets: a build then pushes this layer without downloading the base.
COPY --link --chmod=755 handler.py ${LAMBDA_TASK_ROOT}/

# Lambda chooses a user of its own; this one is for wherever else the image runs.
USER 1000
CMD ["handler.handler"]
