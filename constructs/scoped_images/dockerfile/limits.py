"""Limits for a Dockerfile and its variables, so that reading one never takes long or exhausts the memory."""

# Including the scripts in its heredocs.
MAX_DOCKERFILE_BYTES = 1024 * 1024
MAX_INSTRUCTIONS = 10_000
# BuildKit's own limit: the buffer of its line scanner (Go's bufio.MaxScanTokenSize).
MAX_LINE_BYTES = 64 * 1024 - 1
# How deep `${A:-${B:-…}}` may nest.
MAX_NESTING = 50
# Linux does not start a process with a variable twice as long.
MAX_VALUE_LENGTH = 64 * 1024
# Steps that expanding all words of a Dockerfile may take; about a second.
MAX_EXPANSION_STEPS = 32 * 1024 * 1024
