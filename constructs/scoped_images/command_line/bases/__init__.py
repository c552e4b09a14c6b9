"""`scoped-images bases`: the graph of base images, and what it stands on."""
