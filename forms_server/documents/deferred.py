"""A person's signature in two steps: what is to be signed is prepared, and the CMS put in later.

Between the steps only the *update* is kept: the bytes that follow the document, with room for the
CMS. The field that is signed stands in the document already (decision 0009).
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO

from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.form_tools import get_single_field_annot
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.sign.fields import SigSeedSubFilter, enumerate_sig_fields
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers.cms_embedder import PdfCMSEmbedder, SigIOSetup, SigObjSetup
from pyhanko.sign.signers.pdf_byterange import SignatureObject

from forms_server.documents.cms import read_cms
from forms_server.documents.fonts import RESOURCE, SlotFont, load_slot_font
from forms_server.documents.signing import CMS_OVERHEAD, DIGEST, AppendingWriter, KeySigner
from forms_server.documents.signing_keys import SigningKey, check_validity
from forms_server.errors import DocumentError

CMS_BYTES = 24 * 1024
"""Room for a stranger's CMS: NCALayer's may carry its chain, an OCSP answer and a time stamp."""
LARGEST_SIGNATURE = 1024
"""Bytes of an RSA-8192 signature."""
BYTE_RANGE = re.compile(rb"/ByteRange \[0 (\d{1,10}) (\d{1,10}) (\d{1,10})\]")
LETTERS = (6.5, 9.0, 7.0, 6.0)
"""Points of what is written into a place: that it is signed, whose name, when, the certificate."""
LEADING = 1.15
MARGIN = 3.0
FRAME = 0.4
DESCENT = 0.22
"""How far letters reach below their line, in parts of their size."""
UNKNOWN_LETTER = "?"
_FONT = RESOURCE.encode("ascii")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """What a signature says of itself.

    ``words`` are written into its place on the page, each on a line: that it is signed, by whom,
    when, the certificate's number (:data:`LETTERS`); what is not known is empty. ``name``, the
    signer's, ``reason`` and ``location`` stand in the signature's dictionary (ISO 32000-2, table
    255), with ``signed_at``, which has a time zone.
    """

    words: Sequence[str]
    reason: str
    location: str
    name: str
    signed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What follows the document, with room for the CMS; and the SHA-256 of what is signed."""

    update: bytes
    digest: bytes


def prepare(pdf: bytes, field_name: str, wording: Wording) -> Prepared:
    """The document's next update: the empty field of that name signed, the signature to come.

    Nothing but the field, its appearance and the signature's dictionary is added; XMP and
    ``/Info`` stay. The signature is ``adbe.pkcs7.detached`` (ISO 32000-2, 12.8.3.3), for a CMS of
    a program that knows nothing of PAdES. Refuses with ``signature-field-missing`` (no such field,
    or signed already) and ``seal-pdf-refused`` (broken or encrypted).
    """
    subfilter = SigSeedSubFilter.ADOBE_PKCS7_DETACHED
    return _prepare(pdf, field_name, wording, subfilter=subfilter, digits=2 * CMS_BYTES)


def signed_bytes(pdf: bytes, update: bytes) -> bytes:
    """What the signature covers: everything but the room for the CMS."""
    whole = pdf + update
    start, end = _gap(pdf, update)
    return whole[:start] + whole[end:]


def complete(pdf: bytes, update: bytes, cms: bytes) -> bytes:
    """The document with the update and the CMS (DER) in it; refuses with ``cms-too-long``."""
    start, end = _gap(pdf, update)
    room = end - start - 2
    if 2 * len(cms) > room:
        raise DocumentError("cms-too-long", limit=room // 2 // 1024)
    whole = pdf + update
    digits = cms.hex().encode("ascii").ljust(room, b"0")
    return whole[: start + 1] + digits + whole[end - 1 :]


def holds_cms(pdf: bytes, cms: bytes) -> bool:
    """Whether one of the document's signatures is this CMS."""
    return b"<" + cms.hex().encode("ascii") in pdf


def sign_with_key(pdf: bytes, field_name: str, wording: Wording, key: SigningKey) -> bytes:
    """The document with the empty field signed by a key of the server: PAdES baseline B-B.

    Refuses as :func:`prepare`, with ``seal-certificate-expired``, and as ``cms.read_cms`` does
    where the key is not its certificate's (``cms-signature-wrong``).
    """
    check_validity(key.certificate, at=wording.signed_at)
    prepared = _prepare(
        pdf,
        field_name,
        wording,
        subfilter=SigSeedSubFilter.PADES,
        digits=2 * _bytes_for(key),
    )
    signing = KeySigner(key).async_sign(prepared.digest, DIGEST, use_pades=True)
    cms = asyncio.run(signing).dump()
    read_cms(cms, signed_bytes(pdf, prepared.update))
    return complete(pdf, prepared.update, cms)


def _bytes_for(key: SigningKey) -> int:
    """Room for certificates, signature and the rest: a person's key signs nothing to try it."""
    certificates = (key.certificate, *key.chain)
    told = sum(len(one.public_bytes(Encoding.DER)) for one in certificates)
    return told + LARGEST_SIGNATURE + CMS_OVERHEAD


def _prepare(
    pdf: bytes, field_name: str, wording: Wording, *, subfilter: SigSeedSubFilter, digits: int
) -> Prepared:
    signature = SignatureObject(
        timestamp=wording.signed_at,
        subfilter=subfilter,
        name=wording.name,
        location=wording.location,
        reason=wording.reason,
        bytes_reserved=digits,
    )
    try:
        whole = _write(pdf, field_name, wording.words, signature)
    except (PdfError, SigningError) as error:
        raise DocumentError("seal-pdf-refused", reason=str(error)) from error
    update = whole[len(pdf) :]
    digest = hashlib.sha256(signed_bytes(pdf, update)).digest()
    return Prepared(update=update, digest=digest)


def _write(pdf: bytes, field_name: str, words: Sequence[str], signature: SignatureObject) -> bytes:
    """pyHanko's steps, up to the one that would take the CMS."""
    writer = AppendingWriter(BytesIO(pdf))
    empty = {name for name, _, _ in enumerate_sig_fields(writer, filled_status=False)}
    if field_name not in empty:
        raise DocumentError("signature-field-missing", field=field_name)
    steps = PdfCMSEmbedder().write_cms(field_name, writer, existing_fields_only=True)
    field = next(steps).get_object()
    _draw(writer, field, words)
    steps.send(SigObjSetup(sig_placeholder=signature))
    _, output = steps.send(SigIOSetup(md_algorithm=DIGEST))
    steps.close()
    content: bytes = output.getvalue()
    return content


def _gap(pdf: bytes, update: bytes) -> tuple[int, int]:
    """Where the room for the CMS is, with its angle brackets, as ``/ByteRange`` tells it."""
    found = BYTE_RANGE.search(update)
    if found is None:
        raise DocumentError("signature-update-broken")
    start, end, rest = (int(number) for number in found.groups())
    if not len(pdf) < start < end or end + rest != len(pdf) + len(update):
        raise DocumentError("signature-update-broken")
    return start, end


def _draw(writer: AppendingWriter, field: generic.DictionaryObject, words: Sequence[str]) -> None:
    """Write the words into the field's place on the page (ISO 32000-2, 12.5.5)."""
    widget = get_single_field_annot(field)
    left, bottom, right, top = (float(number) for number in widget["/Rect"])
    width, height = abs(right - left), abs(top - bottom)
    if not width or not height or not words:
        return
    try:
        fonts = writer.root["/AcroForm"]["/DR"]["/Font"]
        letters = fonts.raw_get(f"/{RESOURCE}")
    except KeyError as error:
        raise DocumentError("signature-field-missing", field=str(field["/T"])) from error
    font = _dictionary({f"/{RESOURCE}": letters})
    form = generic.StreamObject(
        _dictionary(
            {
                "/Type": pdf_name("/XObject"),
                "/Subtype": pdf_name("/Form"),
                "/BBox": _box(width, height),
                "/Resources": _dictionary({"/Font": font}),
            }
        ),
        stream_data=_operators(words, width, height),
    )
    widget[pdf_name("/AP")] = _dictionary({"/N": writer.add_object(form)})
    writer.update_container(widget)


def _dictionary(values: Mapping[str, generic.PdfObject]) -> generic.DictionaryObject:
    named = {pdf_name(name): value for name, value in values.items()}
    return generic.DictionaryObject(named)  # type: ignore[no-untyped-call]


def _box(width: float, height: float) -> generic.ArrayObject:
    numbers = (f"{value:.2f}" for value in (0, 0, width, height))
    return generic.ArrayObject(map(generic.FloatObject, numbers))


def _operators(words: Sequence[str], width: float, height: float) -> bytes:
    """A frame and the words in it, one under another, in the middle of the height."""
    font = load_slot_font()
    known = [(_known(font, word), size) for word, size in zip(words, LETTERS, strict=True) if word]
    lines = [line for line, _ in known]
    sizes = _sizes(known, width - 2 * MARGIN, height - 2 * MARGIN, font)
    written = []
    top = (height + sum(sizes) * LEADING) / 2
    for line, size in zip(lines, sizes, strict=True):
        baseline = top - size * (LEADING - DESCENT)
        place = b"/%s %.2f Tf\n1 0 0 1 %.2f %.2f Tm" % (_FONT, size, MARGIN, baseline)
        written.append(place + b"\n" + font.encode(line) + b" Tj")
        top -= size * LEADING
    return b"q %.1f w 0 0 0 RG %.2f %.2f %.2f %.2f re S\nBT 0 0 0 rg\n%s\nET Q" % (
        FRAME,
        FRAME / 2,
        FRAME / 2,
        width - FRAME,
        height - FRAME,
        b"\n".join(written),
    )


def _sizes(
    known: Sequence[tuple[str, float]], width: float, height: float, font: SlotFont
) -> list[float]:
    """Points of the letters of each line: as usual, or as small as the room makes them."""
    sizes = [min(usual, width / max(font.width(line, 1), 1)) for line, usual in known]
    return [size * min(1, height / (sum(sizes) * LEADING)) for size in sizes]


def _known(font: SlotFont, text: str) -> str:
    """A letter that the document's font lacks cannot be added to it any more."""
    return "".join(letter if letter in font.glyphs else UNKNOWN_LETTER for letter in text)
