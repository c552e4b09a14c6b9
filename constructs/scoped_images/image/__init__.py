"""What one image is: one value with one fingerprint."""
