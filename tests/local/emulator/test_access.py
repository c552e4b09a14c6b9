"""The emulated AWS refuses other users, web pages, foreign host names and old secrets."""

from __future__ import annotations

import base64
import dataclasses
import http.client
import json
import os
import shutil
import stat
import subprocess
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from cdk_local_aws.debian_packages import install_missing
from cdk_local_aws.emulator.keys import Keys
from cdk_local_aws.emulator.settings import EmulatorSettings
from tests.local.emulator.aws import ACCOUNT, REGION, Aws, zipped
from tests.local.emulator.hostile_page import visit

UNSIGNED = (
    "the local AWS answers signed requests only; run the command in its environment, which has the keys"
)


def function_request(name: str) -> dict[str, Any]:
    """Return the body of a CreateFunction call."""
    code = zipped("app.py", "def handler(event, context): return open('/etc/hostname').read()\n")
    return {
        "FunctionName": name,
        "Runtime": "python3.12",
        "Handler": "app.handler",
        "Role": f"arn:aws:iam::{ACCOUNT}:role/any",
        "Code": {"ZipFile": base64.b64encode(code).decode()},
    }


def function_names(aws: Aws) -> set[str]:
    return {function["FunctionName"] for function in aws.client("lambda").list_functions()["Functions"]}


def call(aws: Aws, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, str]:
    """Send one request without changes; return status and body of the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", aws.port, timeout=30)
    connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


def test_a_request_without_a_signature_is_refused(aws: Aws) -> None:
    name = aws.name("unsigned")
    body = json.dumps(function_request(name)).encode()
    status, said = call(aws, "POST", "/2015-03-31/functions", body, Content_Type="application/json")
    assert (status, json.loads(said)) == (403, {"__type": "MissingAuthenticationToken", "message": UNSIGNED})
    assert name not in function_names(aws)


@pytest.mark.parametrize("path", ["/_alb/none", "/_aws/execute-api/none/prod", "/_aws/lambda-url/none"])
def test_no_address_of_an_application_leads_to_an_api(aws: Aws, path: str) -> None:
    """ministack chooses the service by the query or this header."""
    bucket = aws.name("through")
    status, _ = call(
        aws, "POST", f"{path}?Action=ListRoles&Version=2010-05-08", X_Amz_Target="AWSIAM.ListRoles"
    )
    assert status == 404
    assert call(aws, "PUT", f"/_alb/{bucket}")[0] == 404


def test_a_secret_of_an_earlier_start_is_refused(aws: Aws) -> None:
    old = dataclasses.replace(aws, keys=Keys("of an earlier start"))
    with pytest.raises(ClientError) as caught:
        old.client("lambda").list_functions()
    assert caught.value.response["Error"] == {
        "Code": "SignatureDoesNotMatch",
        "Message": "The request is not signed with the secret of this run of the local AWS; each start makes a new one.",
    }


def test_every_sdk_protocol_reads_the_refusal(aws: Aws) -> None:
    """The protocols are JSON, REST-JSON, query, EC2's query and REST-XML."""
    old = dataclasses.replace(aws, keys=Keys("of an earlier start"))
    calls = {
        "ecr": "describe_repositories",
        "lambda": "list_functions",
        "sts": "get_caller_identity",
        "ec2": "describe_vpcs",
        "s3": "list_buckets",
    }
    codes = set()
    for service, operation in calls.items():
        with pytest.raises(ClientError) as caught:
            getattr(old.client(service), operation)()
        codes.add(caught.value.response["Error"]["Code"])
    assert codes == {"SignatureDoesNotMatch"}


def test_another_user_of_the_machine_is_refused(aws: Aws, settings: EmulatorSettings) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    as_nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    asked = subprocess.run(
        [*as_nobody, "curl", "--silent", "--noproxy", "*", f"{aws.url}/?Action=ListRoles&Version=2010-05-08"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(asked.stdout)["message"] == UNSIGNED
    read = subprocess.run(
        [*as_nobody, "cat", settings.secret_file], capture_output=True, text=True, check=False
    )
    assert read.stderr.strip().endswith("Permission denied")


@pytest.mark.parametrize("host", ["evil.example:{port}", "evil.example", "127.0.0.1.evil.example:{port}", ""])
def test_a_rebound_name_is_refused_even_with_a_signature(aws: Aws, host: str) -> None:
    status, said = call(aws, "GET", "/_ministack/health", Host=host.format(port=aws.port))
    assert status == 403
    assert "is not a name of the local AWS; use 127.0.0.1" in said


def test_a_foreign_origin_is_refused(aws: Aws) -> None:
    status, said = call(aws, "OPTIONS", "/", Origin="https://evil.example")
    assert (status, "pages of https://evil.example may not call the local AWS" in said) == (403, True)
    assert call(aws, "GET", "/", Origin="null")[0] == 403


@pytest.mark.nightly
def test_a_web_page_in_a_browser_can_neither_create_nor_read(aws: Aws, tmp_path: Path) -> None:
    """The page is of another site, or of another program on this machine. To install the browser takes a minute."""
    origins = ("evil.example", "127.0.0.1")
    if shutil.which("chromium") is None:
        install_missing(["chromium"])
    name = aws.name("from-a-page")
    saw = visit(origins, tmp_path, emulator=aws.url, function=json.dumps(function_request(name)))
    nothing = {
        "simple POST": "opaque, status 0",  # what the browser shows of any answer that it may not read
        "preflighted POST": "TypeError: Failed to fetch",
        "reading roles": "TypeError: Failed to fetch",
        "reading images": "TypeError: Failed to fetch",
        "reading health": "TypeError: Failed to fetch",
    }
    assert saw == dict.fromkeys(origins, nothing)
    assert name not in function_names(aws)


def test_a_signed_answer_allows_no_other_origin_to_read_it(aws: Aws) -> None:
    answered = aws.client("lambda").list_functions()["ResponseMetadata"]["HTTPHeaders"]
    assert [name for name in answered if name.startswith("access-control")] == []


@pytest.fixture(params=[None, "s3v4"], ids=["version 2", "version 4"])
def s3(request: pytest.FixtureRequest, aws: Aws) -> Any:
    """A client that presigns with one version of the signature."""
    return aws.client("s3", signature_version=request.param)


def test_a_presigned_address_opens_its_object_only(aws: Aws, s3: Any) -> None:
    bucket = aws.bucket(one=b"first", two=b"second")
    url = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "one"})
    with urllib.request.urlopen(url) as answer:
        assert answer.read() == b"first"
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(url.replace("/one?", "/two?"))
    ended = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "one"}, ExpiresIn=-1)
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(ended)


CHOSEN = "x Credential={account}/20260101/us-east-1/{service}/aws4_request"
FORM = "application/x-www-form-urlencoded"
CREATE_USER = b"Action=CreateUser&Version=2010-05-08&UserName="


def presigned(s3: Any, operation: str, bucket: str, key: str) -> str:
    """Return path and query of an address for one operation on one object."""
    url = s3.generate_presigned_url(operation, Params={"Bucket": bucket, "Key": key})
    return str(url).split("/", 3)[3]


@pytest.mark.parametrize("header", ["X_Amz_Copy_Source", "X_Amz_Acl", "X_Amz_Content_Sha256"])
def test_a_presigned_address_accepts_no_unsigned_header(aws: Aws, s3: Any, header: str) -> None:
    bucket = aws.bucket(private=b"private")
    put = presigned(s3, "put_object", bucket, "mine")
    assert call(aws, "PUT", f"/{put}", b"", **{header: f"/{bucket}/private"})[0] == 403
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 1


def test_a_signed_request_accepts_no_unsigned_header(aws: Aws) -> None:
    s3, bucket = aws.new_client("s3"), aws.bucket(private=b"private")

    def add(request: Any, **_: Any) -> None:
        request.headers["x-amz-copy-source"] = f"/{bucket}/private"

    s3.meta.events.register("before-send.s3.PutObject", add)
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.put_object(Bucket=bucket, Key="mine", Body=b"")


def altered(client: Any, operation: str, body: bytes) -> None:
    """Let a client send another body than it signs."""

    def alter(request: Any, **_: Any) -> None:
        request.body = body
        request.headers["Content-Length"] = str(len(body))

    client.meta.events.register(f"before-send.{client.meta.service_model.service_name}.{operation}", alter)


def test_a_body_that_is_not_the_signed_one_is_refused(aws: Aws) -> None:
    """S3's clients sign a header with the hash, and other clients sign the body."""
    s3, iam, bucket, name = aws.new_client("s3"), aws.new_client("iam"), aws.bucket(), aws.name("evil")
    altered(s3, "PutObject", b"other")
    with pytest.raises(ClientError) as caught:
        s3.put_object(Bucket=bucket, Key="mine", Body=b"mine!")
    assert caught.value.response["Error"]["Code"] == "XAmzContentSHA256Mismatch"
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0
    altered(iam, "CreateUser", CREATE_USER + name.encode())
    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        iam.create_user(UserName="signed")
    assert name not in {user["UserName"] for user in iam.list_users()["Users"]}


@pytest.mark.parametrize("payload", ["UNSIGNED-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"])
def test_only_s3_accepts_an_unsigned_body(aws: Aws, payload: str) -> None:
    iam, name = aws.client("iam"), aws.name("evil")
    body = CREATE_USER + name.encode()
    request = AWSRequest("POST", f"{aws.url}/", {"Content-Type": FORM, "X-Amz-Content-Sha256": payload})
    SigV4Auth(Credentials(ACCOUNT, aws.keys.secret), "iam", REGION).add_auth(request)
    status, said = call(aws, "POST", "/", body, **dict(request.headers.items()))
    assert (status, "has parts that its signature does not cover" in said) == (403, True)
    assert name not in {user["UserName"] for user in iam.list_users()["Users"]}


def test_an_object_of_which_sdks_sign_no_hash_is_stored(aws: Aws) -> None:
    unsigned, bucket = aws.new_client("s3", s3={"payload_signing_enabled": False}), aws.bucket()
    unsigned.put_object(Bucket=bucket, Key="mine", Body=b"mine")
    assert unsigned.get_object(Bucket=bucket, Key="mine")["Body"].read() == b"mine"


@pytest.mark.parametrize(
    ("query", "headers"),
    [
        ("", {"Authorization": CHOSEN.format(account=ACCOUNT, service="iam")}),
        ("", {"Authorization": CHOSEN.format(account=ACCOUNT, service="iam"), "Content_Type": FORM}),
        ("", {"Content_Type": FORM}),
        ("", {"Content_Type": FORM, "Content_Encoding": "aws-chunked"}),
        ("", {"Content_Type": FORM, "Host": "iam.amazonaws.com"}),
        ("", {"Content_Type": FORM, "Host": "ecr.us-east-1.amazonaws.com"}),
        ("", {"X_Amz_Target": "AWSIAM.CreateUser"}),
        (f"&X-Amz-Credential={ACCOUNT}/20260101/us-east-1/iam/aws4_request", {}),
        (f"&x-amz-credential={ACCOUNT}/20260101/us-east-1/iam/aws4_request", {}),
        ("&Action=CreateUser&UserName={name}", {}),
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_presigned_address_reaches_no_other_service(
    aws: Aws, s3: Any, method: str, query: str, headers: dict[str, str]
) -> None:
    bucket, name, iam = aws.bucket(), aws.name("evil"), aws.client("iam")
    operation = {"POST": "create_multipart_upload", "PUT": "put_object"}[method]
    path = f"/{presigned(s3, operation, bucket, 'mine')}{query.format(name=name)}"
    body = CREATE_USER + name.encode()
    if "Content_Encoding" in headers:
        body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    assert call(aws, method, path, body, **headers)[0] == 403
    assert name not in {user["UserName"] for user in iam.list_users()["Users"]}


def test_a_presigned_address_opens_no_other_account(aws: Aws, s3: Any) -> None:
    bucket = aws.bucket(one=b"first")
    path = "/" + presigned(s3, "get_object", bucket, "one")
    assert call(aws, "GET", path) == (200, "first")
    other = CHOSEN.format(account="1" * 12, service="s3")
    assert call(aws, "GET", path, Authorization=other)[0] == 403


def test_a_presigned_address_of_another_service_is_refused(aws: Aws) -> None:
    url = aws.client("sts").generate_presigned_url("get_caller_identity")
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(url)


def test_an_upload_to_a_presigned_address_stores_its_body(aws: Aws, s3: Any) -> None:
    """urllib and curl declare each body as a form."""
    bucket = aws.bucket()
    url = s3.generate_presigned_url(
        "put_object", Params={"Bucket": bucket, "Key": "mine", "ContentType": FORM}
    )
    assert call(aws, "PUT", "/" + url.split("/", 3)[3], b"mine", Content_Type=FORM)[0] == 200
    assert s3.get_object(Bucket=bucket, Key="mine")["Body"].read() == b"mine"


def test_a_request_with_a_header_twice_is_refused(aws: Aws, s3: Any) -> None:
    """The signature covers both values, and ministack reads one."""
    bucket = aws.bucket()
    connection = http.client.HTTPConnection("127.0.0.1", aws.port, timeout=30)
    connection.putrequest("PUT", "/" + presigned(s3, "put_object", bucket, "mine"))
    for value in ("text/plain", FORM):
        connection.putheader("Content-Type", value)
    body = CREATE_USER + aws.name("evil").encode()
    connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body)
    assert connection.getresponse().status == 403


def test_keys_of_a_role_and_of_a_user_work(aws: Aws) -> None:
    iam, name = aws.client("iam"), aws.name("user")
    iam.create_user(UserName=name)
    of_user = iam.create_access_key(UserName=name)["AccessKey"]
    role = f"arn:aws:iam::{ACCOUNT}:role/any"
    of_role = aws.client("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
    for keys in (of_user, of_role):
        client = boto3.client(
            "sts",
            endpoint_url=aws.url,
            region_name=REGION,
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys.get("SessionToken"),
            config=Config(retries={"total_max_attempts": 1}),
        )
        assert client.get_caller_identity()["Account"] == ACCOUNT


def test_the_registry_requires_the_login_of_ecr(aws: Aws) -> None:
    (given,) = aws.client("ecr").get_authorization_token()["authorizationData"]
    user, password = base64.b64decode(given["authorizationToken"]).decode().split(":")
    assert (user, password) == ("AWS", aws.keys.registry_password)
    assert aws.registry.call("GET", "/v2/").status == 200
    for wrong in ("", "ministack-auth-token", aws.keys.secret):
        refused = dataclasses.replace(aws.registry, password=wrong).call("GET", "/v2/_catalog")
        assert refused.status == 401
        challenge = f'Basic realm="http://127.0.0.1:{aws.port}/",service="ecr.amazonaws.com"'
        assert refused.headers["www-authenticate"] == challenge


def test_a_layer_s_address_opens_that_layer_only(aws: Aws) -> None:
    """`scoped-images prune` reads configs with such addresses, without a login."""
    ecr, name = aws.client("ecr"), aws.repository()
    aws.registry.push(name, "one", b"first", b"second")
    layers = json.loads(aws.registry.call("GET", f"/v2/{name}/manifests/one").body)["layers"]
    first, second = (layer["digest"] for layer in layers)
    url = ecr.get_download_url_for_layer(repositoryName=name, layerDigest=first)["downloadUrl"]
    with urllib.request.urlopen(url) as answer:
        assert answer.read() == b"first"
    for other in (
        url.replace(first, second),
        url.replace("expires=", "expires=9"),
        url.replace(ACCOUNT, "1" * 12),
    ):
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(other)
    with pytest.raises(ClientError, match="LayersNotFoundException"):
        ecr.get_download_url_for_layer(repositoryName=name, layerDigest="sha256:" + "0" * 64)


def test_what_is_kept_is_for_its_owner_only(aws: Aws, settings: EmulatorSettings) -> None:
    aws.client("ssm").put_parameter(Name=aws.name("secret"), Value="value", Type="SecureString")
    aws.registry.push(aws.repository(), "one", b"layer")
    kept = [settings.folder, settings.secret_file, settings.log, settings.folder / "process.json"]
    kept += settings.registry.rglob("*")
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in kept}
    assert {str(path): oct(mode) for path, mode in modes.items() if mode & 0o077} == {}
    assert modes[settings.secret_file] == 0o600
