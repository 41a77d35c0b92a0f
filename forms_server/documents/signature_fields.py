"""Empty signature fields of an issued PDF, one for each electronic signer, in its place.

A person's signature later signs its field (``documents/deferred.py``) and is drawn there; the seal,
which comes first, permits just that. A field is visible, has a description and an element of its
own where the place stands in the order of reading (ISO 14289-1, 7.18; ISO 32000-1, 14.8.4.5).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pikepdf import Array, Dictionary, Name, Pdf, String

from forms_server.documents.fonts import RESOURCE
from forms_server.documents.structure import SigningPlace
from forms_server.errors import DocumentError, words
from forms_server.languages import BilingualText, Language
from forms_server.specs.model import Edition
from forms_server.specs.signatures import SignatureSpec

PRINT = 4
"""``/F`` of an annotation that is printed and not hidden (ISO 19005-3, 6.3.2)."""
SIGNATURES_EXIST, APPEND_ONLY = 1, 2
"""``/SigFlags`` (ISO 32000-1, table 219)."""


@dataclass(frozen=True, slots=True)
class SignatureField:
    """A field to be signed: its name in the PDF is ``id``, ``title`` says whose it is.

    ``language`` is that of the page it stands on if the document has one in that language, else it
    stands on the first that has a place for it.
    """

    id: str
    title: str
    language: Language | None = None


def signature_fields_of(edition: Edition) -> tuple[SignatureField, ...]:
    """The fields of a document of this edition, in the order of signing."""
    language = None if edition.is_bilingual_page else Language(edition.original.value)
    return tuple(
        SignatureField(spec.id, _title(spec), language)
        for spec in edition.signatures
        if spec.is_electronic
    )


def _title(spec: SignatureSpec) -> str:
    """What a reader says of the field, in both languages."""
    told = words("signature-field")
    return BilingualText(kk=f"{told.kk}: {spec.label.kk}", ru=f"{told.ru}: {spec.label.ru}").both


def add_signature_fields(
    pdf: Pdf, fields: Sequence[SignatureField], places: Sequence[SigningPlace]
) -> None:
    """Put the fields into a document whose pages know the font :data:`RESOURCE`.

    Raises :class:`DocumentError` with ``signature-place-missing`` for a field without a place.
    """
    if not fields:
        return
    tree = _ParentTree(pdf)
    widgets = [_add_field(pdf, field, _place_of(field, places), tree) for field in fields]
    pdf.Root.AcroForm = pdf.make_indirect(
        Dictionary(
            Fields=Array(widgets),
            SigFlags=SIGNATURES_EXIST | APPEND_ONLY,
            DR=Dictionary(Font=Dictionary({f"/{RESOURCE}": _font(pdf)})),
        )
    )


def _font(pdf: Pdf) -> Any:
    return pdf.pages[0].Resources.Font[f"/{RESOURCE}"]


def _place_of(field: SignatureField, places: Sequence[SigningPlace]) -> SigningPlace:
    """The first of several copies, in the field's language if the document is in it."""
    own = [place for place in places if place.signature == field.id]
    if not own:
        raise DocumentError("signature-place-missing", signature=field.id)
    return next((place for place in own if place.language == field.language), own[0])


def _add_field(pdf: Pdf, field: SignatureField, place: SigningPlace, tree: _ParentTree) -> Any:
    """A field that is its own widget, on its page, and the element that stands for it."""
    page = pdf.pages[place.page].obj
    element = pdf.get_object((place.element, 0))
    widget = pdf.make_indirect(
        Dictionary(
            Type=Name.Annot,
            Subtype=Name.Widget,
            FT=Name.Sig,
            T=String(field.id),
            TU=String(field.title),
            F=PRINT,
            Rect=Array(map(_number, place.rectangle)),
            P=page,
            AP=Dictionary(N=_nothing(pdf, place)),
            StructParent=tree.add(element),
        )
    )
    page.Annots = Array([*page.get(Name.Annots, ()), widget])
    page.Tabs = Name.S
    element.S = Name.Form
    # Not in an array: pyHanko looks for a field that was signed under ``K`` itself.
    element.K = pdf.make_indirect(Dictionary(Type=Name.OBJR, Obj=widget, Pg=page))
    return widget


def _nothing(pdf: Pdf, place: SigningPlace) -> Any:
    """The appearance of a place that nobody has signed: a hand may, on paper."""
    left, bottom, right, top = place.rectangle
    return pdf.make_stream(
        b"",
        Type=Name.XObject,
        Subtype=Name.Form,
        BBox=Array([0, 0, _number(right - left), _number(top - bottom)]),
        Resources=Dictionary(),
    )


def _number(points: float) -> Any:
    return float(f"{points:.2f}")


class _ParentTree:
    """Where an annotation's element is found (ISO 32000-1, 14.7.4.4)."""

    def __init__(self, pdf: Pdf) -> None:
        self._nums = pdf.Root.StructTreeRoot.ParentTree.Nums
        self._keys = self._free_keys()

    def add(self, element: Any) -> int:
        """The key under which the element is known."""
        key = next(self._keys)
        self._nums.extend(Array([key, element]))
        return key

    def _free_keys(self) -> Iterator[int]:
        following = max(map(int, self._nums[::2]), default=-1) + 1
        while True:
            yield following
            following += 1
