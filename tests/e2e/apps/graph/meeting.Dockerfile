# The image where the diamond's sides meet: FROM one, with a file of the other.
ARG BASE_IMAGE_URI=scratch
FROM ${BASE_IMAGE_URI}
COPY --from=base-right /right.txt /met/
COPY . /
