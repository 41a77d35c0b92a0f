"""Real local services of a throw-away PKI: time stamps, OCSP and revocation lists over HTTP.

Tokens and OCSP answers are made by ``openssl``, so the judge is not the library under test. A
service can be told to misbehave: to be down, silent, to talk nonsense, to answer another question.
"""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from asn1crypto import tsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa
from cryptography.x509.oid import (
    AuthorityInformationAccessOID,
    ExtendedKeyUsageOID,
    NameOID,
)

from forms_server.documents.signing_keys import KeptKey, PrivateKey
from tests.authority import LIFETIME, SIGNING, USAGES, Authority
from tests.serving import listening

POLICY, OTHER_POLICY = "1.2.3.4.1", "1.2.3.4.2"
KEPT = ("version", "message_imprint", "nonce", "cert_req")
"""Of a query when its policy is passed over."""
TSA_CONFIG = """
[tsa]
dir = {folder}
serial = {folder}/tsa.serial
crypto_device = builtin
signer_digest = sha256
default_policy = {policy}
other_policies = {other_policy}
digests = sha256, sha384, sha512
accuracy = secs:1
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""


@dataclass(slots=True)
class Responders:
    """The authorities and what their services do; ``*_mode`` is empty for good behaviour.

    Modes: ``down`` (503), ``silent`` (no answer until told), ``nonsense``, ``large``, ``moved`` (to
    ``/inner``, as if that were a service of our own network); of time stamps also
    ``other-bytes``, ``other-nonce``, ``other-policy``, ``altered``, ``refused``; of OCSP also
    ``usurped``.
    """

    folder: Path
    root: Authority
    issuing: Authority
    url: str = ""
    tsa_mode: str = ""
    ocsp_mode: str = ""
    crl_mode: str = ""
    tsa: KeptKey = field(init=False)
    requests: list[str] = field(default_factory=list)
    awake: threading.Event = field(default_factory=threading.Event)
    _good_tsa: KeptKey = field(init=False)
    _revoked: dict[int, datetime] = field(default_factory=dict)
    _known: list[x509.Certificate] = field(default_factory=list)
    _responder: KeptKey = field(init=False)

    def behave(self) -> None:
        """Everything as it should be again, and nobody revoked."""
        self.tsa_mode = self.ocsp_mode = self.crl_mode = ""
        self.tsa = self._good_tsa
        self.requests.clear()
        self._revoked.clear()

    def revoke(self, certificate: x509.Certificate, at: datetime) -> None:
        self._revoked[certificate.serial_number] = at

    @property
    def trusted(self) -> tuple[x509.Certificate, ...]:
        return (self.root.certificate,)

    def issue(
        self,
        name: str,
        now: datetime,
        *,
        rsa: bool = False,
        usages: tuple[str, ...] = SIGNING,
        purposes: tuple[x509.ObjectIdentifier, ...] = (),
        lifetime: timedelta = LIFETIME,
        services: tuple[str, ...] = ("ocsp", "crl"),
        issuer: Authority | None = None,
    ) -> KeptKey:
        """A certificate from the issuing authority that names our responders."""
        above = issuer or self.issuing
        key = generate_rsa(65537, 2048) if rsa else generate_private_key(SECP256R1())
        builder = _builder(name, key, above, since=now - timedelta(minutes=1), until=now + lifetime)
        builder = _with_usages(builder, usages)
        for extension in self._addresses(services):
            builder = builder.add_extension(extension, critical=False)
        if purposes:
            builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=True)
        if ExtendedKeyUsageOID.OCSP_SIGNING in purposes:
            builder = builder.add_extension(x509.OCSPNoCheck(), critical=False)
        certificate = builder.sign(above.private_key, hashes.SHA256())
        self._known.append(certificate)
        chain = (above.certificate, self.root.certificate)
        return KeptKey(certificate=certificate, private_key=key, chain=chain)

    def issue_tsa(self, name: str, now: datetime, lifetime: timedelta = LIFETIME) -> KeptKey:
        """A key for time stamps and nothing else (RFC 3161, 2.3)."""
        return self.issue(
            name, now, rsa=True, usages=("digital_signature",), lifetime=lifetime,
            purposes=(ExtendedKeyUsageOID.TIME_STAMPING,),
        )  # fmt: skip

    def _addresses(self, services: tuple[str, ...]) -> Iterator[x509.ExtensionType]:
        if "ocsp" in services:
            ocsp = x509.UniformResourceIdentifier(f"{self.url}/ocsp")
            access = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, ocsp)
            yield x509.AuthorityInformationAccess([access])
        if "crl" in services:
            yield _distribution_point(f"{self.url}/issuing.crl")

    # -- what the services answer -----------------------------------------------------------------

    def time_stamp(self, query: bytes) -> bytes:
        """RFC 3161, by ``openssl ts``."""
        asked = tsp.TimeStampReq.load(query)
        if self.tsa_mode == "other-bytes":
            asked["message_imprint"]["hashed_message"] = b"\x01" * 32
        if self.tsa_mode == "other-nonce":
            asked["nonce"] = asked["nonce"].native + 1
        if self.tsa_mode == "other-policy":
            asked = tsp.TimeStampReq({name: asked[name] for name in KEPT})
        if self.tsa_mode == "refused":
            asked["req_policy"] = "1.2.3.4.99"
        (self.folder / "request.tsq").write_bytes(asked.dump(force=True))
        files = write_key(self.tsa, self.folder, "tsa")
        answer = self.folder / "answer.tsr"
        run(
            "openssl", "ts", "-reply", "-config", self.folder / "tsa.cnf", "-section", "tsa",
            "-queryfile", self.folder / "request.tsq", "-signer", files.certificate,
            "-inkey", files.key, "-chain", files.chain, "-out", answer,
        )  # fmt: skip
        content = answer.read_bytes()
        return content[:-1] + bytes([content[-1] ^ 1]) if self.tsa_mode == "altered" else content

    def ocsp(self, query: bytes) -> bytes:
        """RFC 6960, by ``openssl ocsp`` from an index of what was issued."""
        lines = [self._index_line(certificate) for certificate in self._known]
        (self.folder / "index.txt").write_text("".join(lines), encoding="ascii")
        (self.folder / "request.der").write_bytes(query)
        signer = self.tsa if self.ocsp_mode == "usurped" else self._responder
        files = write_key(signer, self.folder, "responder")
        answer = self.folder / "answer.der"
        run(
            "openssl", "ocsp", "-index", self.folder / "index.txt",
            "-CA", write_pem(self.issuing.certificate, self.folder / "issuing.pem"),
            "-rsigner", files.certificate, "-rkey", files.key, "-ndays", "7",
            "-reqin", self.folder / "request.der", "-respout", answer,
        )  # fmt: skip
        return answer.read_bytes()

    def _index_line(self, certificate: x509.Certificate) -> str:
        revoked = self._revoked.get(certificate.serial_number)
        state, when = ("R", f"{revoked:%y%m%d%H%M%S}Z") if revoked else ("V", "")
        until = f"{certificate.not_valid_after_utc:%y%m%d%H%M%S}Z"
        serial = f"{certificate.serial_number:X}"
        serial = serial.zfill(len(serial) + len(serial) % 2)
        return f"{state}\t{until}\t{when}\t{serial}\tunknown\t/CN={serial}\n"

    def revocation_list(self, authority: Authority) -> bytes:
        """RFC 5280, 5: made anew for each request, valid for a week."""
        now = datetime.now(UTC)
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(authority.certificate.subject)
            .last_update(now - timedelta(minutes=1))
            .next_update(now + timedelta(days=7))
        )
        for serial, at in self._revoked.items():
            revoked = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(at)
            builder = builder.add_revoked_certificate(revoked.build())
        made = builder.sign(authority.private_key, hashes.SHA256())
        return made.public_bytes(serialization.Encoding.DER)


@dataclass(frozen=True, slots=True)
class KeyFiles:
    certificate: Path
    key: Path
    chain: Path


def run(*command: str | Path) -> None:
    answer = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr


def write_pem(certificate: x509.Certificate, path: Path) -> Path:
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return path


def write_key(key: KeptKey, folder: Path, name: str) -> KeyFiles:
    """A key, its certificate and the certificates above, as ``openssl`` wants them."""
    files = KeyFiles(*(folder / f"{name}-{part}.pem" for part in ("cert", "key", "chain")))
    write_pem(key.certificate, files.certificate)
    chain = (each.public_bytes(serialization.Encoding.PEM) for each in key.chain)
    files.chain.write_bytes(b"".join(chain))
    secret = key.private_key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    files.key.write_bytes(secret)
    return files


@contextmanager
def serving_responders(folder: Path, now: datetime) -> Iterator[Responders]:
    """The services on a free port of this machine until the block ends."""
    with listening(_Handler) as (server, url):
        responders = _make_responders(folder, now, url)
        server.responders = responders  # type: ignore[attr-defined]
        try:
            yield responders
        finally:
            responders.awake.set()


def _make_responders(folder: Path, now: datetime, url: str) -> Responders:
    root = _root(now)
    responders = Responders(folder=folder, root=root, issuing=_issuing(root, now, url), url=url)
    responders.tsa = responders.issue_tsa("Throw-away time stamps", now - timedelta(days=1))
    responders._good_tsa = responders.tsa
    responders._responder = responders.issue(
        "Throw-away OCSP", now - timedelta(days=1), usages=("digital_signature",),
        purposes=(ExtendedKeyUsageOID.OCSP_SIGNING,), services=(),
    )  # fmt: skip
    config = TSA_CONFIG.format(folder=folder, policy=POLICY, other_policy=OTHER_POLICY)
    (folder / "tsa.cnf").write_text(config, encoding="ascii")
    (folder / "tsa.serial").write_text("01\n", encoding="ascii")
    return responders


class _Handler(BaseHTTPRequestHandler):
    """``POST /tsa``, ``POST /ocsp``, ``GET /issuing.crl``, ``GET /root.crl``, ``GET /inner``."""

    def do_POST(self) -> None:
        query = self.rfile.read(int(self.headers["Content-Length"]))
        responders = self._responders
        if self.path == "/tsa":
            self._answer(
                responders.tsa_mode, lambda: responders.time_stamp(query), "timestamp-reply"
            )
        else:
            self._answer(responders.ocsp_mode, lambda: responders.ocsp(query), "ocsp-response")

    def do_GET(self) -> None:
        responders = self._responders
        authority = responders.root if self.path == "/root.crl" else responders.issuing
        self._answer(responders.crl_mode, lambda: responders.revocation_list(authority), "pkix-crl")

    @property
    def _responders(self) -> Responders:
        found = self.server.responders  # type: ignore[attr-defined]
        assert isinstance(found, Responders)
        return found

    def _answer(self, mode: str, make: Callable[[], bytes], kind: str) -> None:
        self._responders.requests.append(self.path)
        if mode == "silent":
            self._responders.awake.wait()
            self.close_connection = True
            return
        if mode == "down":
            self.send_error(503)
            return
        if mode == "moved" and self.path != "/inner":
            self.send_response(302)
            self.send_header("Location", f"{self._responders.url}/inner")
            self.end_headers()
            return
        fixed = {"nonsense": b"<html>Welcome</html>", "large": b"\x30" * (9 * 1024 * 1024)}
        content = fixed[mode] if mode in fixed else make()
        self.send_response(200)
        self.send_header("Content-Type", f"application/{kind}")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        try:
            self.wfile.write(content)
        except ConnectionError:
            self.close_connection = True  # the other side has read enough

    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads it."""


def _root(now: datetime) -> Authority:
    key = generate_private_key(SECP256R1())
    name = _named("Throw-away root")
    builder = _ca_builder(name, name, key, key, now=now)
    return Authority(builder.sign(key, hashes.SHA256()), key)


def _issuing(root: Authority, now: datetime, url: str) -> Authority:
    key = generate_private_key(SECP256R1())
    subject = _named("Throw-away issuing authority")
    builder = _ca_builder(subject, root.certificate.subject, key, root.private_key, now=now)
    builder = builder.add_extension(_distribution_point(f"{url}/root.crl"), critical=False)
    return Authority(builder.sign(root.private_key, hashes.SHA256()), key)


def _ca_builder(
    subject: x509.Name, issuer: x509.Name, key: PrivateKey, above: PrivateKey, *, now: datetime
) -> x509.CertificateBuilder:
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=365))
        .not_valid_after(now + LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(above.public_key()), critical=False
        )
    )
    return _with_usages(builder, ("key_cert_sign", "crl_sign"))


def _builder(
    name: str, key: PrivateKey, above: Authority, *, since: datetime, until: datetime
) -> x509.CertificateBuilder:
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(above.private_key.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(_named(name))
        .issuer_name(above.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(since)
        .not_valid_after(until)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(identifier, critical=False)
    )


def _with_usages(
    builder: x509.CertificateBuilder, usages: tuple[str, ...]
) -> x509.CertificateBuilder:
    granted = dict.fromkeys(USAGES, False) | dict.fromkeys(usages, True)
    return builder.add_extension(x509.KeyUsage(**granted), critical=True)


def _distribution_point(url: str) -> x509.CRLDistributionPoints:
    name = x509.UniformResourceIdentifier(url)
    return x509.CRLDistributionPoints([x509.DistributionPoint([name], None, None, None)])


def _named(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
