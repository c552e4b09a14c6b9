"""Builds on AWS CodeBuild: what a project runs, and how the function behind the custom resource follows a build."""
