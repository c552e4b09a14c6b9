# Every Lambda function. Context: the function's folder, lambdas/<name>.
# Meant to stand on the base image with its packages. Built by hand on the public default it lacks them at run time.
ARG BASE_IMAGE_URI=public.ecr.aws/lambda/python:3.13
FROM ${BASE_IMAGE_URI}
# Tells the image pruner, and any registry browser, what this image stands on.
ARG BASE_IMAGE_URI
LABEL org.opencontainers.image.base.name=${BASE_IMAGE_URI}

WORKDIR ${LAMBDA_TASK_ROOT}
COPY --chmod=755 handler.py ./

# Lambda chooses a user of its own; this one is for wherever else the image runs.
USER 1000
CMD ["handler.handler"]
