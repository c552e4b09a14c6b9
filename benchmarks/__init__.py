"""How long synth takes, and what it writes, for contexts of a large repository."""
