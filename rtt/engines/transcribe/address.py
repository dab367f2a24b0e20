"""Where the service is, and whom to trust there: region, endpoint, certificates."""

import configparser
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from yarl import URL

from rtt.core.errors import EngineError
from rtt.engines.transcribe.options import TranscribeOptions

WEBSOCKET_PORT = 8443
"""Port of the public WebSocket route (Transcribe guide, "Setting up a WebSocket stream")."""
WEBSOCKET_PATH = "/stream-transcription-websocket"


@dataclass(frozen=True, slots=True)
class Address:
    """Where streams are opened."""

    region: str
    http2: str
    """URL of the HTTP/2 route."""
    websocket: str
    """URL of the WebSocket route, without parameters."""
    authorities: str = ""
    """File of the certificate authorities to trust instead of the system's; empty: the system's."""

    def tls(self) -> ssl.SSLContext:
        """Return what to trust; OpenSSL itself honours SSL_CERT_FILE. Raises `EngineError` for a file without any."""
        try:
            return ssl.create_default_context(cafile=self.authorities or None)
        except (OSError, ssl.SSLError) as error:
            raise EngineError(
                "The certificate authorities cannot be read",
                f"AWS_CA_BUNDLE names {self.authorities}, {error.strerror or 'which holds none'}",
                "Name a PEM file there, or unset AWS_CA_BUNDLE",
                retry=False,
            ) from error


def profile(environ: Mapping[str, str]) -> str:
    """Return the name of the profile in use."""
    return environ.get("AWS_PROFILE") or environ.get("AWS_DEFAULT_PROFILE") or "default"


def config_file(environ: Mapping[str, str]) -> Path:
    """Return where the profiles' settings are."""
    return Path(environ.get("AWS_CONFIG_FILE") or "~/.aws/config").expanduser()


def profile_setting(environ: Mapping[str, str], key: str) -> str:
    """Return a setting of the profile in use, or nothing."""
    parser = configparser.RawConfigParser(strict=False, allow_no_value=True)
    name = profile(environ)
    try:
        parser.read(config_file(environ), encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError, OSError):
        return ""
    section = name if name == "default" else f"profile {name}"
    return (parser.get(section, key, fallback="") or "").strip()


def find(options: TranscribeOptions, environ: Mapping[str, str]) -> Address:
    """Return the address that options, environment and profile mean, in this order; raises `EngineError`."""
    region = (
        options.region
        or environ.get("AWS_REGION")
        or environ.get("AWS_DEFAULT_REGION")
        or profile_setting(environ, "region")
    )
    if not region:
        raise EngineError(
            "No AWS region is set",
            f"neither --aws-region nor AWS_REGION is given, and the profile {profile(environ)} has none",
            "Name one near you, such as --aws-region eu-central-1",
            retry=False,
        )
    authorities = environ.get("AWS_CA_BUNDLE", "")
    given = (
        options.endpoint
        or environ.get("AWS_ENDPOINT_URL_TRANSCRIBE_STREAMING")
        or environ.get("AWS_ENDPOINT_URL")
        or ""
    )
    if not given:
        host = f"transcribestreaming.{region}.amazonaws.com" + (".cn" if region.startswith("cn-") else "")
        return Address(
            region, f"https://{host}", f"wss://{host}:{WEBSOCKET_PORT}{WEBSOCKET_PATH}", authorities=authorities
        )
    url = _endpoint(given)
    socket = url.with_scheme("ws" if url.scheme in ("http", "ws") else "wss")
    if url.explicit_port is None and url.scheme in ("https", "wss"):
        socket = socket.with_port(WEBSOCKET_PORT)
    plain = url.with_scheme("http" if url.scheme in ("http", "ws") else "https")
    return Address(region, str(plain.origin()), str(socket.with_path(WEBSOCKET_PATH)), authorities=authorities)


def _endpoint(given: str) -> URL:
    try:
        url = URL(given)
        if url.scheme in ("http", "https", "ws", "wss") and url.host:
            return url
    except ValueError:
        pass
    raise EngineError(
        f"The endpoint {given!r} is no address"[:120],
        mend="Give one such as https://transcribestreaming.eu-central-1.amazonaws.com",
        retry=False,
    )
