"""Builds the images of a cloud assembly in one `docker buildx bake`."""
