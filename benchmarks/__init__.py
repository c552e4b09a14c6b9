"""Measures the library beside what stands in for it: `make bench`, or a part: `python -m benchmarks context`."""
