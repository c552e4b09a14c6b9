"""The build context: the only code that reads what an image is built from."""
