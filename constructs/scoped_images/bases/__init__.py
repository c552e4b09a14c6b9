"""Base images: declared, derived from the workspace, and ordered."""
