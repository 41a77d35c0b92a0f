"""Sealed PDFs completed to their levels, and what is read from them for the tests of time."""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO

from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

from forms_server.documents.signing import FIELD_NAME, Sealer
from forms_server.documents.signing_keys import KeptKey
from forms_server.documents.time_sources import TimeSource
from forms_server.documents.time_stamps import Completion, complete
from forms_server.documents.trust import Trust, judge
from forms_server.trust_settings import SealLevel
from tests.authority import print_pdf
from tests.responders import Responders


def sealed(key: KeptKey, signed_at: datetime | None = None) -> bytes:
    moment = signed_at or datetime.now(UTC)
    return Sealer(key).seal(print_pdf(), reason="mse-01", location="0000", signed_at=moment)


def source_of(responders: Responders, **more: object) -> TimeSource:
    given = {
        "url": f"{responders.url}/tsa",
        "trusted": responders.trusted,
        "signers": responders.trusted,
    }
    return TimeSource(**(given | more))  # type: ignore[arg-type]


def completed(
    responders: Responders, pdf: bytes, level: SealLevel, *, renew: bool = False
) -> Completion:
    return complete(pdf, level, source_of(responders), now=datetime.now(UTC), renew=renew)


def signatures_in(pdf: bytes) -> dict[str, EmbeddedPdfSignature]:
    """Signatures and time stamps by the name of their field."""
    found = PdfFileReader(BytesIO(pdf)).embedded_signatures
    return {each.field_name: each for each in found}


def judged(responders: Responders, pdf: bytes, at: datetime | None = None) -> Trust:
    """What is found of the seal."""
    return judge(signatures_in(pdf)[FIELD_NAME], responders.trusted, at=at)
