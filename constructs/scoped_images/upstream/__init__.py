"""Images that others publish: their names, the digests they are pinned to, and where they are pulled from."""
