"""The order of builds and of stacks."""
