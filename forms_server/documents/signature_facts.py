"""The facts of a PDF's signatures and what its pages carry: values that reading a file ends in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from cryptography import x509

from forms_server.documents.data_reading import Cells


class SignatureKind(StrEnum):
    """What a signature is to be judged as; told by its dictionary and its field, never believed.

    ``seal`` is the certification signature (ISO 32000-2, 12.8.2.2) in the seal's field,
    ``time stamp`` a document time stamp (12.8.5), ``person`` every other one.
    """

    SEAL = "seal"
    PERSON = "person"
    TIME_STAMP = "time-stamp"


class Addition(StrEnum):
    """What was added to the file after a signature, from the least to the gravest.

    ``permitted``: signatures, time stamps and what proves them; ``form-filling``: values of form
    fields; ``other``: anything else, also bytes that belong to no revision.
    """

    NOTHING = "nothing"
    PERMITTED = "permitted"
    FORM_FILLING = "form-filling"
    OTHER = "other"


class Shadow(StrEnum):
    """The shadow attacks of Mainka, Mladenov and Rohlmann (NDSS 2021), told by what was added.

    ``hide``: something that was shown is shown no more; ``replace``: a font or an appearance was
    exchanged; ``hide-and-replace``: objects that lay hidden in the signed bytes came to light.
    """

    HIDE = "hide"
    REPLACE = "replace"
    HIDE_AND_REPLACE = "hide-and-replace"


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorities:
    """By whose word certificates are trusted: ``seals`` for seals and time stamps, ``persons`` for
    persons; ``own`` are the certificates that this office seals or sealed with.

    No person's certificate passes as a seal, because a seal is only one of ``own``; no seal's
    passes as a person's, because one of ``own`` is never trusted as a person's.
    """

    seals: Sequence[x509.Certificate] = ()
    persons: Sequence[x509.Certificate] = ()
    own: Sequence[x509.Certificate] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureFacts:
    """What is known of one signature; each fact stands for itself and none implies another.

    ``is_checked``: its algorithm is one that is checked here (GOST is not: then ``intact`` and
    ``valid`` are unknown and stand as false).
    ``intact``: the bytes the signature covers are the ones that were signed (digest).
    ``valid``: the signature itself is the certificate's (cryptography).
    ``trusted``: intact, valid, and the certificate leads to a trusted one; ``trust_code`` says why
    not (``certificate-expired`` …, see ``trust.judge``).
    ``is_ours``: the certificate is one of the office's own seals.
    ``covers_whole_file``: the signed bytes are the whole file but the signature itself, and what
    follows them is only what the signature permits, such as further signatures.
    ``changed_after``: bytes follow the signed ones; ``added`` says what they are, ``shadow`` which
    attack they look like.
    ``signed_at``: what the signer's own clock said, ``None`` where it says nothing.
    ``time_stamped_at``: what a trusted time stamp says, of the signature or of the document.
    ``level``: the PAdES baseline level reached (ETSI EN 319 142-1), such as ``B-LT``.
    ``revocation``: what is known of the certificate's revocation (see ``trust.judge``).
    ``signer``, ``serial_number`` (hexadecimal), ``certificate_from`` and ``certificate_until``: of
    the certificate; empty where the signature cannot be read.
    ``algorithm``: of the signature, such as ``rsassa_pkcs1v15 sha256``.
    """

    field_name: str
    kind: SignatureKind = SignatureKind.PERSON
    is_checked: bool = True
    intact: bool = False
    valid: bool = False
    trusted: bool = False
    trust_code: str | None = None
    is_ours: bool = False
    covers_whole_file: bool = False
    changed_after: bool = False
    added: Addition = Addition.OTHER
    shadow: Shadow | None = None
    signed_at: datetime | None = None
    time_stamped_at: datetime | None = None
    level: str | None = None
    revocation: str | None = None
    signer: str = field(default="", repr=False)
    serial_number: str = ""
    certificate_from: datetime | None = None
    certificate_until: datetime | None = None
    algorithm: str = ""
    is_development: bool = False

    @property
    def is_our_seal(self) -> bool:
        """A seal by one of the office's certificates, of an algorithm that it seals with: what
        calls itself GOST was not checked, and proves nothing.
        """
        return self.kind is SignatureKind.SEAL and self.is_ours and self.is_checked


@dataclass(frozen=True, slots=True, kw_only=True)
class PageMarks:
    """What the first pages carry: the texts of their QR codes, and their letters without spaces.

    ``is_read`` is false where the pages could not be drawn, or not all of them (``MOST_PAGES``).
    """

    is_read: bool = False
    qr_texts: tuple[str, ...] = ()
    text: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SealReport:
    """What is known of one PDF: its signatures, oldest first, its answers, its length, its pages.

    ``data_xml`` is the file attached with ``AFRelationship`` ``Data`` (ISO 19005-3, annex E): read
    from the file as it now is, so believe it only where a signature is intact and covers the file.
    ``cells`` are its answers (see ``data_reading``).
    ``revisions``: how often the file was saved by adding to its end, the first time included.
    ``is_same_structure``: every signature stands where its byte range says it does; a file that was
    saved anew as a whole has moved them.
    """

    signatures: tuple[SignatureFacts, ...]
    data_xml: bytes | None = field(repr=False)
    page_count: int
    revisions: int = 1
    is_same_structure: bool = True
    marks: PageMarks = PageMarks()
    cells: Cells = field(default_factory=dict, repr=False)
