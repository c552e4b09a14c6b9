"""A certificate authority for loopback: kept below the state folder, trusted by what we start and nothing else."""

from __future__ import annotations

import datetime
import ssl
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from cdk_local_aws.private_files import private_folder, write_private

AUTHORITY_NAME = "cdk-local-aws certificate authority"
AUTHORITY_DAYS = 3650
SERVER_DAYS = 30


@dataclass(frozen=True)
class Authority:
    """The authority's certificate and key, and the servers that it signed for."""

    folder: Path
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    _contexts: dict[str, ssl.SSLContext] = field(default_factory=dict)

    @classmethod
    def open(cls, folder: Path) -> Authority:
        """The authority of a folder, made anew when it is missing, unreadable or about to end."""
        private_folder(folder)
        try:
            certificate = x509.load_pem_x509_certificate((folder / "authority.pem").read_bytes())
            key = serialization.load_pem_private_key((folder / "authority.key").read_bytes(), None)
        except (OSError, ValueError):
            return cls.create(folder)
        ends = certificate.not_valid_after_utc
        if not isinstance(key, ec.EllipticCurvePrivateKey) or ends < now() + days(SERVER_DAYS):
            return cls.create(folder)
        return cls(folder, certificate, key)

    @classmethod
    def create(cls, folder: Path) -> Authority:
        """A new authority, whose key only its owner can read."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, AUTHORITY_NAME)])
        certificate = (
            unsigned(name, name, key.public_key(), AUTHORITY_DAYS)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(key, hashes.SHA256())
        )
        write_private(folder / "authority.key", private_pem(key))
        (folder / "authority.pem").write_bytes(pem(certificate))
        (folder / "authority.pem").chmod(0o644)  # for functions, which run as another user
        return cls(folder, certificate, key)

    @property
    def certificate_file(self) -> Path:
        """What a client must trust."""
        return self.folder / "authority.pem"

    def server_context(self, host: str) -> ssl.SSLContext:
        """TLS for a server that answers as this host; HTTP/1.1 only, because the emulator has no other."""
        if host not in self._contexts:
            key = ec.generate_private_key(ec.SECP256R1())
            name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host[:64])])
            usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
            certificate = (
                unsigned(name, self.certificate.subject, key.public_key(), SERVER_DAYS)
                .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
                .add_extension(usage, critical=False)
                .sign(self.key, hashes.SHA256())
            )
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.set_alpn_protocols(["http/1.1"])
            file = self.folder / f"{host}.pem"  # ssl reads keys only from files
            write_private(file, private_pem(key) + pem(certificate))
            context.load_cert_chain(file)
            file.unlink()
            self._contexts[host] = context
        return self._contexts[host]


def unsigned(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, valid_days: int
) -> x509.CertificateBuilder:
    """A certificate but for its extensions and signature; a day old, for clocks that differ."""
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now() - days(1))
        .not_valid_after(now() + days(valid_days))
    )


def private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """A key as text."""
    plain = serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)


def pem(certificate: x509.Certificate) -> bytes:
    """A certificate as text."""
    return certificate.public_bytes(serialization.Encoding.PEM)


def now() -> datetime.datetime:
    """This moment."""
    return datetime.datetime.now(datetime.UTC)


def days(count: int) -> datetime.timedelta:
    """So many days."""
    return datetime.timedelta(days=count)
