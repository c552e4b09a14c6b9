"""External images: the digests they are pinned to, and the mirrors they are pulled from."""
