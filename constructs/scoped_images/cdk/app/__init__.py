"""What an app knows of its images, and the checks of what runs them."""
