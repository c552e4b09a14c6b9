"""A function in a repository that exists, on an image of another app: `cdk deploy -c base=<URI>`."""

from aws_cdk import App, Environment, Stack
from aws_cdk.aws_lambda import DockerImageFunction

from scoped_images import ImageRepository, OrderedAssets, ScopedImage

app = App(default_stack_synthesizer=OrderedAssets())
stack = Stack(app, "Existing", env=Environment(account="000000000000", region="us-east-1"))
repository = ImageRepository.from_name(stack, "Repository", "team/upload")
image = ScopedImage.from_dockerfile(
    stack,
    "Image",
    "upload",
    repository=repository,
    base=app.node.get_context("base"),
    moving_tag="dev",
    pin_digest=True,
)
DockerImageFunction(stack, "Upload", function_name="existing-upload", code=image.to_lambda_code())
image.add_outputs(name="Upload", parameters="/team")
print(f"policy: {repository.policy_text}")
app.synth()
