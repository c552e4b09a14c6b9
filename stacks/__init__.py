"""Wires the receipts app's constructs into stacks."""
