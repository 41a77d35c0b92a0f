"""A second NCALayer: it speaks the protocol on a real WebSocket and signs with a throw-away key.

What it is sent and what it answers follow the module ``kz.gov.pki.knca.basics`` (method ``sign``);
what it does not know, it answers as NCALayer does. Bytes are signed by ``openssl cms``; a digest,
which that program cannot be given, is put into a CMS here (RFC 5652, section 5.4).
"""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from asn1crypto import algos, cms, core
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.serialization import Encoding
from websockets.sync.server import ServerConnection, serve

from forms_server.documents.signing_keys import KeptKey
from tests.signers import as_gost, sign_with_openssl

VERSION = {"result": {"version": "1.4"}}
UNKNOWN = {"code": "500", "message": "module.not.found"}
CANCELLED: dict[str, Any] = {"status": True, "body": {}}
WRONG_PASSWORD = {
    "status": False,
    "code": "500",
    "message": "storage.load.error",
    "details": "keystore password was incorrect",
}
LARGEST_MESSAGE = 64 * 1024**2


@dataclass
class NCALayer:
    """What the person at the computer does next, and everything that the page has asked for.

    ``key``: whose key is chosen; ``is_gost``: it goes by the names of GOST's algorithms.
    ``answer``: given in place of a signature. ``meanwhile`` is called while the window of NCALayer
    is open.
    """

    port: int
    folder: Path
    key: KeptKey | None = None
    is_gost: bool = False
    answer: dict[str, Any] | None = None
    meanwhile: Callable[[], object] | None = None
    requests: list[dict[str, Any]] = field(default_factory=list)

    @contextmanager
    def running(self) -> Iterator[None]:
        """It listens for so long: outside, nothing answers at its address."""
        server = serve(self._talk, "127.0.0.1", self.port, max_size=LARGEST_MESSAGE)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()

    def reset(self) -> None:
        """As it is started: nobody has chosen a key."""
        self.key = self.answer = self.meanwhile = None
        self.is_gost = False
        self.requests.clear()

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    def _talk(self, connection: ServerConnection) -> None:
        connection.send(json.dumps(VERSION))
        for message in connection:
            request = json.loads(message)
            self.requests.append(request)
            connection.send(json.dumps(self._answer(request)))

    def _answer(self, request: dict[str, Any]) -> dict[str, Any]:
        if (request["module"], request["method"]) != ("kz.gov.pki.knca.basics", "sign"):
            return UNKNOWN
        if self.meanwhile is not None:
            todo, self.meanwhile = self.meanwhile, None
            todo()
        if self.answer is not None:
            return self.answer
        if self.key is None:
            return CANCELLED
        return {"status": True, "body": {"result": [self._sign(self.key, request["args"])]}}

    def _sign(self, key: KeptKey, args: dict[str, Any]) -> str:
        how = args["signingParams"]
        assert (how["decode"], how["encapsulate"]) == (True, False)
        data = base64.b64decode(args["data"], validate=True)
        if self.is_gost:
            digest = data if how["digested"] else hashlib.sha3_256(data).digest()
            cms = as_gost(sign_digest(key, digest))
        elif how["digested"]:
            cms = sign_digest(key, data)
        else:
            cms = sign_with_openssl(key, data, self.folder)
        return base64.b64encode(cms).decode()


def sign_digest(key: KeptKey, digest: bytes) -> bytes:
    """A detached CMS over bytes of which only the SHA-256 is known."""
    certificate = asn1_x509.Certificate.load(key.certificate.public_bytes(Encoding.DER))
    attributes = cms.CMSAttributes(
        [
            _attribute("content_type", cms.ContentType("data")),
            _attribute("signing_time", cms.Time({"utc_time": core.UTCTime(datetime.now(UTC))})),
            _attribute("message_digest", core.OctetString(digest)),
        ]
    )
    is_ec = isinstance(key.private_key, EllipticCurvePrivateKey)
    signer = cms.SignerInfo(
        {
            "version": "v1",
            "sid": cms.SignerIdentifier(
                "issuer_and_serial_number",
                cms.IssuerAndSerialNumber(
                    {"issuer": certificate.issuer, "serial_number": certificate.serial_number}
                ),
            ),
            "digest_algorithm": algos.DigestAlgorithm({"algorithm": "sha256"}),
            "signed_attrs": attributes,
            "signature_algorithm": algos.SignedDigestAlgorithm(
                {"algorithm": "sha256_ecdsa" if is_ec else "sha256_rsa"}
            ),
            "signature": _sign(key, attributes.untag().dump()),
        }
    )
    signed = cms.SignedData(
        {
            "version": "v1",
            "digest_algorithms": [algos.DigestAlgorithm({"algorithm": "sha256"})],
            "encap_content_info": {"content_type": "data"},
            "certificates": [cms.CertificateChoices("certificate", certificate)],
            "signer_infos": [signer],
        }
    )
    return bytes(cms.ContentInfo({"content_type": "signed_data", "content": signed}).dump())


def _attribute(name: str, value: core.Asn1Value) -> cms.CMSAttribute:
    return cms.CMSAttribute({"type": name, "values": [value]})


def _sign(key: KeptKey, data: bytes) -> bytes:
    if isinstance(key.private_key, EllipticCurvePrivateKey):
        return key.private_key.sign(data, ECDSA(hashes.SHA256()))
    return key.private_key.sign(data, PKCS1v15(), hashes.SHA256())
