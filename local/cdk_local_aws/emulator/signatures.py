"""Checks that a request is signed with keys of the emulated AWS, as AWS's own SDKs sign.

ministack computes SigV4, and knows the keys of users and roles. But it checks them only if it also enforces every IAM
policy.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from urllib.parse import parse_qs

from botocore.auth import HmacV1Auth
from ministack.app import _routing_params
from ministack.core import sigv4
from ministack.core.iam_evaluator import (
    AmbiguousAccessKeyError,
    ResolvedCredential,
    SignedRequest,
    _sigv2_check,
    find_iam_access_key_account,
    resolve_credential,
)
from ministack.core.responses import _account_from_sts_session
from ministack.core.router import detect_service

from cdk_local_aws.emulator.asgi import LOOPBACK_HOSTS, Scope, host_of

Query = dict[str, list[str]]
Problem = tuple[str, str]  # AWS's code and a message

UNSIGNED = (
    "MissingAuthenticationToken",
    "the local AWS answers signed requests only; run the command in its environment, which has the keys",
)
WRONG_SECRET = (
    "SignatureDoesNotMatch",
    "The request is not signed with the secret of this run of the local AWS; each start makes a new one.",
)
UNKNOWN_KEY = ("InvalidClientTokenId", "The security token included in the request is invalid.")
EXPIRED = ("AccessDenied", "Request has expired")
# ministack may choose the service, the account or an object to read by such a part.
NOT_COVERED = ("AccessDenied", "the request has parts that its signature does not cover")
OTHER_BODY = (
    "XAmzContentSHA256Mismatch",
    "The provided 'x-amz-content-sha256' header does not match what was computed.",
)

CONTENT_SHA256 = "x-amz-content-sha256"
SHA256 = re.compile(r"[0-9a-f]{64}")
HEADER_SIGNATURE = "AWS4-HMAC-SHA256 "
AUTHORIZATION = re.compile(
    HEADER_SIGNATURE
    + r"Credential=[^/, ]+(?:/[^/, ]+){3}/aws4_request, ?SignedHeaders=[^, ]+, ?Signature=[0-9a-f]{64}"
)
# What version 2 signs, the signature itself, headers that botocore repeats, and the options of a listing.
VERSION_2_QUERY = frozenset(
    [
        *HmacV1Auth.QSAOfInterest,
        *("AWSAccessKeyId", "Expires", "Signature", "content-md5", "content-type"),
        *("continuation-token", "delimiter", "encoding-type", "fetch-owner", "key-marker", "list-type"),
        *("marker", "max-keys", "prefix", "start-after", "version-id-marker"),
    ]
)


@dataclass(frozen=True)
class Request:
    """The parts of a request that a signature covers."""

    method: str
    path: str  # as it was sent
    query: Query
    headers: dict[str, str]
    body: bytes


def signature_problem(scope: Scope, headers: dict[str, str], body: bytes) -> Problem | None:
    """Return what is wrong with a request's signature, or None if it is valid."""
    query = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    request = Request(scope["method"], scope["raw_path"].decode("latin-1"), query, headers, body)
    names = [name.lower() for name, _ in scope["headers"]]
    if len(names) != len(set(names)):  # ministack takes the last one
        return NOT_COVERED
    if is_header_signed(headers):
        return header_problem(request)
    if "X-Amz-Signature" in query:
        return reaches_beyond_s3(request) or query_problem(request)
    if "AWSAccessKeyId" in query:
        return reaches_beyond_s3(request) or version_2_problem(request)
    return UNSIGNED


def is_header_signed(headers: dict[str, str]) -> bool:
    """Return whether the signature is in the Authorization header, where the SDKs put it."""
    return headers.get("authorization", "").startswith(HEADER_SIGNATURE)


def is_signed_by_hash(headers: dict[str, str]) -> bool:
    """Return whether the signature covers a header with the body's hash in place of the body."""
    return is_header_signed(headers) and CONTENT_SHA256 in headers


def body_problem(scope: Scope, headers: dict[str, str], body: bytes) -> Problem | None:
    """Return what is wrong with the body of a request whose signature covers only the hash; None if it is valid."""
    given = headers[CONTENT_SHA256]
    if SHA256.fullmatch(given):
        return None if hmac.compare_digest(hashlib.sha256(body).hexdigest(), given) else OTHER_BODY
    # SDKs send objects to S3 as UNSIGNED-PAYLOAD or STREAMING-…, but no other calls.
    query = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    return other_than_s3(Request(scope["method"], scope["raw_path"].decode("latin-1"), query, headers, body))


def reaches_beyond_s3(request: Request) -> Problem | None:
    """Refuse a presigned request that ministack may give to another service than S3, or to another account."""
    return NOT_COVERED if "authorization" in request.headers else other_than_s3(request)


def other_than_s3(request: Request) -> Problem | None:
    """Refuse a request that ministack may give to another service than S3."""
    if "content-encoding" in request.headers and "form" in request.headers.get("content-type", ""):
        return NOT_COVERED
    routed_by = _routing_params(request.method, request.path, request.headers, request.body, request.query)
    service = detect_service(request.method, request.path, request.headers, routed_by)
    return None if service == "s3" else NOT_COVERED


def header_problem(request: Request) -> Problem | None:
    """Return what is wrong with a signature in the Authorization header, or None."""
    if not AUTHORIZATION.fullmatch(request.headers["authorization"]):
        return UNSIGNED
    signature = sigv4.parse_header_signature(request.headers)
    if isinstance(signature, tuple):
        return UNSIGNED
    late: Problem | None = sigv4.request_time_failure(signature)
    return late or mismatch(request, signature, token=request.headers.get("x-amz-security-token", ""))


def query_problem(request: Request) -> Problem | None:
    """Return what is wrong with the signature of a presigned address, or None."""
    signature = sigv4.parse_query_signature(request.query)
    if isinstance(signature, tuple):
        return UNSIGNED
    if signature.service != "s3":
        return NOT_COVERED
    try:
        expired = sigv4.presigned_request_is_expired(
            signature.amz_date, first(request.query, "X-Amz-Expires")
        )
    except ValueError:
        expired = True
    token = first(request.query, "X-Amz-Security-Token")
    return EXPIRED if expired else mismatch(request, signature, token=token, presigned=True)


def mismatch(
    request: Request, signature: sigv4.HeaderSignature, *, token: str, presigned: bool = False
) -> Problem | None:
    """Compare a signature with that of its key, and return what is wrong, or None."""
    must_be_signed = {name for name in request.headers if name == "host" or name.startswith("x-amz-")}
    if not must_be_signed <= set(signature.signed_headers.split(";")):
        return NOT_COVERED
    credential = resolve_credential(signature.access_key_id, account_of(signature.access_key_id), token)
    if not isinstance(credential, ResolvedCredential):
        return UNKNOWN_KEY
    _, to_sign = sigv4.header_signing_documents(
        signature,
        request.method,
        request.path,
        request.query,
        request.headers,
        request.body,
        presigned=presigned,
    )
    computed = sigv4.calculate_signature(
        credential.secret_access_key, signature.date_stamp, signature.region, signature.service, to_sign
    )
    return None if sigv4.signatures_match(computed, signature.signature) else WRONG_SECRET


def version_2_problem(request: Request) -> Problem | None:
    """Return what is wrong with a presigned address of S3 in version 2, boto3's default, or None."""
    # S3 reads these parameters as headers, so the signature covers them.
    as_headers = {name: values[0] for name, values in request.query.items() if name.startswith("x-amz-")}
    known = VERSION_2_QUERY | as_headers.keys()
    if not request.query.keys() <= known or host_of(request.headers) not in LOOPBACK_HOSTS:
        return NOT_COVERED
    access_key = first(request.query, "AWSAccessKeyId")
    headers = {**as_headers, **request.headers}
    signed = SignedRequest(
        access_key, request.method, request.path, request.query, headers, sigv2=True, auth_path=request.path
    )
    valid = isinstance(_sigv2_check(signed, account_of(access_key)), ResolvedCredential)
    return None if valid else WRONG_SECRET


def account_of(access_key: str) -> str:
    """Return the account of an access key; a key of twelve digits is an account."""
    try:
        return _account_from_sts_session(access_key) or find_iam_access_key_account(access_key) or access_key
    except AmbiguousAccessKeyError:
        return ""


def first(query: Query, name: str) -> str:
    """Return the first value of a parameter, or an empty text."""
    return query.get(name, [""])[0]
