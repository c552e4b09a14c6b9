"""What the Makefile runs beside cdk."""
