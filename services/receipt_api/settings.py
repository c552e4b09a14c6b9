"""What the service reads from its environment."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, kw_only=True)
class Settings:
    """HOST and PORT have defaults (every interface, 8080); TABLE_NAME and API_KEY_SECRET_ARN have none."""

    table_name: str
    api_key_secret_arn: str
    host: str = "0.0.0.0"  # noqa: S104 inside its container, whose network decides who reaches it
    port: int = 8080

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Read the variables. Raises ValueError that names each missing or invalid one."""
        missing = [name for name in ("TABLE_NAME", "API_KEY_SECRET_ARN") if not environment.get(name)]
        if missing:
            raise ValueError(f"environment: {' and '.join(missing)} must be set")
        port = environment.get("PORT", str(cls.port))
        if not port.isdecimal() or not 1 <= int(port) <= 65535:
            raise ValueError(f"PORT: must be 1 to 65535, got {port!r}")
        return cls(
            table_name=environment["TABLE_NAME"],
            api_key_secret_arn=environment["API_KEY_SECRET_ARN"],
            host=environment.get("HOST", cls.host),
            port=int(port),
        )
