# Both images: files alone, which any machine can put together for any platform.
ARG BASE_IMAGE_URI=scratch
FROM ${BASE_IMAGE_URI}
COPY . /
