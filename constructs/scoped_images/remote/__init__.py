"""Builds on AWS CodeBuild: what is sent there, what is run there, and how its end is found out."""
