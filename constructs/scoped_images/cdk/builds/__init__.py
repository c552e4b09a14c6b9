"""From a build context to a published image, on the machine that deploys."""
