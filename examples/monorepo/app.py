"""Two functions on shared packages, in every environment of cdk.json."""

from aws_cdk import App, Stack
from aws_cdk.aws_lambda import DockerImageFunction

from scoped_images import Environment, OrderedAssets, WorkspaceImages

app = App(default_stack_synthesizer=OrderedAssets())
environments = app.node.get_context("environments")
for name in environments:
    environment = Environment.read(environments, name)
    images = WorkspaceImages(app, environment, prefix=f"shop-{name}")
    functions = Stack(app, f"shop-{name}-functions", env=environment.place)
    for function in ("checkout", "report"):
        image = images.image(functions, f"{function}-image", f"functions/{function}")
        DockerImageFunction(
            functions, function, function_name=f"{function}-{name}", code=image.to_lambda_code()
        )
app.synth()
