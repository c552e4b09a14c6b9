"""`scoped-images bases`: base images and the images they are built from."""
