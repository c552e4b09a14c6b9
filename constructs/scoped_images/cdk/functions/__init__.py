"""The library's own Lambda functions: the one that asks the registry, and the pruner."""
