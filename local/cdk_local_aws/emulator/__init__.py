"""The emulated AWS: ministack with its gaps filled, as a process of our own on loopback."""
