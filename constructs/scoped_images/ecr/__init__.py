"""Names, tags, addresses and lifecycle rules of ECR: strings only, no calls."""
