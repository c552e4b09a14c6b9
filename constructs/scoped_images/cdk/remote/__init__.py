"""The construct that builds images on AWS."""
