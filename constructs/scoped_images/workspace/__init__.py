"""The Python packages of a repository and their lock files. Knows no images."""
