"""A NCANode service for tests: speaks its protocol, and says of every CMS what it is told to say.

It cannot calculate GOST any more than we can; that NCANode itself does is not what is tested.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from asn1crypto import cms
from cryptography import x509

from forms_server.documents.subjects import common_name, number_in
from tests.serving import listening


@dataclass(slots=True)
class NcaNode:
    """``says`` changes what a good answer would be: ``invalid``, ``revoked``, ``other-person`` …"""

    url: str = ""
    says: str = ""
    questions: list[Mapping[str, Any]] = field(default_factory=list)

    def answer(self, question: Mapping[str, Any]) -> tuple[int, bytes]:
        """What NCANode 3 answers to ``POST /cms/verify``."""
        self.questions.append(question)
        match self.says:
            case "down":
                return 503, b"{}"
            case "moved":
                return 404, b"{}"
            case "nonsense":
                return 200, b"<html>"
            case "large":
                return 200, b"[" * 1_000_000
            case "refused":
                return 400, json.dumps({"status": 400, "message": "CMS is broken"}).encode()
        return 200, json.dumps(self._told(question["cms"])).encode()

    def _told(self, encoded: str) -> Mapping[str, Any]:
        signed = cms.ContentInfo.load(base64.b64decode(encoded))["content"]
        certificate = x509.load_der_x509_certificate(signed["certificates"][0].chosen.dump())
        is_valid = self.says not in {"invalid", "revoked"}
        iin = "000000000010" if self.says == "other-person" else number_in(certificate, "iin")
        is_other = self.says == "other-organisation"
        bin_ = "000140000002" if is_other else number_in(certificate, "bin")
        facts = {
            "valid": is_valid,
            "revokedBy": ["OCSP"] if self.says == "revoked" else [],
            "keyUsage": "SIGN",
            "serialNumber": f"{certificate.serial_number:x}",
            "subject": {"commonName": common_name(certificate), "iin": iin, "bin": bin_},
        }
        if self.says == "certificate-invalid":
            facts["valid"] = False
        count = 2 if self.says == "two-signers" else 1
        return {
            "status": 200,
            "message": "OK",
            "valid": is_valid,
            "signers": [{"certificates": [facts], "tsp": None}] * count,
        }


@contextmanager
def serving_ncanode() -> Iterator[NcaNode]:
    """The service on a free port of this machine until the block ends."""
    with listening(_Handler) as (server, url):
        server.node = NcaNode(url=url)  # type: ignore[attr-defined]
        yield server.node  # type: ignore[attr-defined]


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        """Anything but the one address is not found."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        node: NcaNode = self.server.node  # type: ignore[attr-defined]
        status, answer = node.answer(json.loads(body)) if self.path == "/cms/verify" else (404, b"")
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:
        """A test's output is its own."""
