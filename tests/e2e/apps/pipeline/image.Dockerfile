# Both images: files alone, so that a build takes no time.
ARG BASE_IMAGE_URI=scratch
FROM ${BASE_IMAGE_URI}
COPY --link . /
