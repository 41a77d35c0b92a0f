"""Asks a NCANode service whether a CMS holds: for GOST signatures, which are not calculated here.

NCANode 3: ``POST /cms/verify`` with the CMS and the signed bytes. It checks revocation only where
it is told to. Its answer is believed only if it says every single thing (``_holds``).
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Mapping
from typing import Any

from aiohttp import ClientError

from forms_server.documents.cms import CmsFacts
from forms_server.documents.network import open_token_session
from forms_server.errors import DocumentError

PATH = "/cms/verify"
REVOCATION = ("OCSP", "CRL")
FOUND, BROKEN = 200, 400
JUDGED = (FOUND, BROKEN)
"""Statuses of an answer about the CMS; any other one is about the service itself."""


def holds_by_ncanode(url: str, facts: CmsFacts, content: bytes, *, asks_revocation: bool) -> bool:
    """Whether the service at ``url`` finds signature and certificate valid, and no other signer.

    Refuses with ``ncanode-silent`` if it gives no answer that can be read. No event loop may be
    running.
    """
    question = {
        "cms": base64.b64encode(facts.der).decode("ascii"),
        "data": base64.b64encode(content).decode("ascii"),
        "revocationCheck": list(REVOCATION if asks_revocation else ()),
    }
    try:
        status, answer = asyncio.run(_ask(url.rstrip("/") + PATH, question))
        told = json.loads(answer)
    except (ClientError, TimeoutError, OSError, ValueError, RecursionError) as error:
        raise DocumentError("ncanode-silent") from error
    if status not in JUDGED or not isinstance(told, Mapping):
        raise DocumentError("ncanode-silent")
    return status == FOUND and _holds(told, facts)


async def _ask(url: str, question: Mapping[str, Any]) -> tuple[int, bytes]:
    async with (
        open_token_session() as session,
        session.post(url, json=question, allow_redirects=False) as response,
    ):
        return response.status, await response.read()


def _holds(told: Mapping[str, Any], facts: CmsFacts) -> bool:
    """One signer with one certificate: ours, valid, of the same IIN, BIN and serial number."""
    certificate = _only(_only(told.get("signers")).get("certificates"))
    subject = certificate.get("subject")
    return (
        told.get("valid") is True
        and certificate.get("valid") is True
        and not certificate.get("revokedBy")
        and str(certificate.get("serialNumber", "")).lower() == facts.serial_number
        and isinstance(subject, Mapping)
        and (subject.get("iin") or None, subject.get("bin") or None) == (facts.iin, facts.bin)
    )


def _only(values: object) -> Mapping[str, Any]:
    """The one object of a list, empty if there is not exactly one."""
    if isinstance(values, list) and len(values) == 1 and isinstance(values[0], Mapping):
        return values[0]
    return {}
