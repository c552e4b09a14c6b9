"""The emulated AWS: ministack with its gaps filled, in a process on loopback."""
