"""Go's pattern matching and ignore rules: strings in, answers out."""
