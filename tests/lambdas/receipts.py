"""What the tests of the app's handlers upload."""

JPEG = b"\xff\xd8\xff\xe0 a photograph of a receipt"
