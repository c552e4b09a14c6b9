"""One Lambda function, built from a Dockerfile."""

from aws_cdk import App, Stack
from aws_cdk.aws_lambda import DockerImageFunction

from scoped_images import ScopedImage

app = App()
stack = Stack(app, "OneFunction")
image = ScopedImage.from_dockerfile(stack, "Image", "greet")
DockerImageFunction(stack, "Greet", function_name="greet", code=image.to_lambda_code())
app.synth()
