"""Images that functions and containers run."""
