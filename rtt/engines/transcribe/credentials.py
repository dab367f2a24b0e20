"""Who asks: AWS credentials, found where every AWS program looks for them, and requests signed with them."""

import asyncio
import configparser
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from awscrt.auth import (  # type: ignore[import-untyped]
    AwsCredentialsProvider,
    AwsSignatureType,
    AwsSignedBodyHeaderType,
    AwsSignedBodyValue,
    AwsSigningConfig,
    aws_sign_request,
)
from awscrt.exceptions import AwsCrtError  # type: ignore[import-untyped]
from awscrt.http import HttpHeaders, HttpRequest  # type: ignore[import-untyped]
from yarl import URL

from rtt.engines.transcribe.address import config_file, profile
from rtt.engines.transcribe.faults import Fault, fault_of

SIGNED_SECONDS = 300
"""A signed address is good for so long, which is the most the service takes."""


@dataclass(frozen=True, slots=True)
class Keys:
    """Credentials as they are now; temporary ones have a token."""

    access: str
    secret: str = field(repr=False)
    token: str | None = field(default=None, repr=False)


async def fetch(environ: Mapping[str, str]) -> Keys:
    """Return credentials from environment, profile, web identity, container or instance role, in this order.

    They are looked up anew each time, for they may change during a talk. Raises a `Fault` that says what was looked
    for.
    """
    try:
        # A chain keeps what it found for a quarter of an hour: a new one sees what was changed since.
        provider = AwsCredentialsProvider.new_default_chain()
        found = await asyncio.wrap_future(provider.get_credentials())
    except AwsCrtError as error:
        fault = fault_of(error)
        raise Fault("NoCredentials", looked_for(environ)) if fault.name != "Timeout" else fault from error
    return Keys(found.access_key_id, found.secret_access_key, found.session_token)


def looked_for(environ: Mapping[str, str]) -> str:
    """Return where credentials were looked for in vain, in words."""
    places = []
    if environ.get("AWS_ACCESS_KEY_ID") and not environ.get("AWS_SECRET_ACCESS_KEY"):
        places.append("AWS_ACCESS_KEY_ID is set without AWS_SECRET_ACCESS_KEY")
    else:
        places.append("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set")
    places.append(_profile_words(environ))
    if environ.get("AWS_WEB_IDENTITY_TOKEN_FILE"):
        places.append("the web identity was not accepted")
    if environ.get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") or environ.get("AWS_CONTAINER_CREDENTIALS_FULL_URI"):
        places.append("the container's role did not answer")
    else:
        places.append("this is no AWS container with a role")
    if environ.get("AWS_EC2_METADATA_DISABLED", "").lower() == "true":
        places.append("the instance role is switched off (AWS_EC2_METADATA_DISABLED)")
    else:
        places.append("no instance role answered")
    return ", ".join(places)


def _profile_words(environ: Mapping[str, str]) -> str:
    name = profile(environ)
    secrets = Path(environ.get("AWS_SHARED_CREDENTIALS_FILE") or "~/.aws/credentials").expanduser()
    for path in (secrets, config_file(environ)):
        parser = configparser.RawConfigParser(strict=False, allow_no_value=True)
        try:
            parser.read(path, encoding="utf-8")
        except (configparser.Error, UnicodeDecodeError, OSError):
            return f"the file {path} cannot be read"
        if parser.has_section(name) or parser.has_section(f"profile {name}"):
            return f"the profile {name} holds no usable credentials"
    return f"there is no profile {name} in {secrets}"


async def signed_address(url: str, parameters: Mapping[str, str], region: str, keys: Keys) -> URL:
    """Return the address with `parameters`, signed in its query (Signature Version 4) for 300 s."""
    whole = URL(url).with_query(dict(parameters))
    host = whole.raw_host or ""
    if whole.explicit_port is not None and not whole.is_default_port():
        host = f"{host}:{whole.port}"
    request = HttpRequest("GET", whole.raw_path_qs, HttpHeaders([("host", host)]))
    config = AwsSigningConfig(
        signature_type=AwsSignatureType.HTTP_REQUEST_QUERY_PARAMS,
        credentials_provider=AwsCredentialsProvider.new_static(keys.access, keys.secret, keys.token),
        region=region,
        service="transcribe",
        signed_body_value=AwsSignedBodyValue.EMPTY_SHA256,
        signed_body_header_type=AwsSignedBodyHeaderType.NONE,
        expiration_in_seconds=SIGNED_SECONDS,
    )
    signed = await asyncio.wrap_future(aws_sign_request(request, config))
    return URL(f"{whole.scheme}://{host}{signed.path}", encoded=True)
