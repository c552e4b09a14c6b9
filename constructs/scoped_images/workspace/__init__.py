"""The Python packages of a repository, and the base images that follow from them."""
