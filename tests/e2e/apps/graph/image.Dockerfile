# Every image but the one where the diamond's sides meet.
ARG BASE_IMAGE_URI=scratch
FROM ${BASE_IMAGE_URI}
COPY . /
