"""What people do to sealed files: each function is named for its defect and gives the same attack
for the same paper; ``wrapping`` and ``forgeries`` beside it hold the intricate ones.

The shadow attacks are those of Mainka, Mladenov and Rohlmann, "Shadow Attacks" (NDSS 2021), the
certification attacks those of "Breaking the Specification" (IEEE S&P 2021).
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name, Pdf, String
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name

from forms_server.documents.checking import LARGEST_PDF
from forms_server.documents.signing import AppendingWriter, Sealer
from tests.judges import run
from tests.workshop import NOW

END_OF_FILE = b"%%EOF"
FORGED = b"BT /F1 24 Tf 100 400 Td (FORGED) Tj ET"


@dataclass(frozen=True, slots=True, eq=False)
class Paper:
    """An issued document, another one of the same office, and the office's own key.

    With the key an insider seals what was prepared for an attack; nothing else could.
    """

    sealed: bytes
    other: bytes
    sealer: Sealer

    @property
    def unsealed(self) -> bytes:
        """The first revision: the document before its seal."""
        return before_seal(self.sealed)

    def seal(self, pdf: bytes, **more: Any) -> bytes:
        return self.sealer.seal(pdf, **{"reason": "x", "location": "x", "signed_at": NOW} | more)


def before_seal(sealed: bytes) -> bytes:
    """The first revision of a sealed document."""
    end = sealed.index(END_OF_FILE) + len(END_OF_FILE)
    return sealed[:end] + b"\n"


# -- bytes changed in place -----------------------------------------------------------------------


def bit_flipped_in_the_page(paper: Paper) -> bytes:
    with opened(paper.sealed) as pdf:
        return _flipped(paper.sealed, _place_of(paper.sealed, _contents(pdf)))


def bit_flipped_in_the_data_xml(paper: Paper) -> bytes:
    with opened(paper.sealed) as pdf:
        return _flipped(paper.sealed, _place_of(paper.sealed, pdf.Root.AF[0].EF.F))


def bit_flipped_in_the_cms(paper: Paper) -> bytes:
    """The last byte before the padding: it belongs to the value of the signature."""
    _, start = gap_of(paper.sealed)
    place = len(paper.sealed[:start].rstrip(b">").rstrip(b"0")) - 2
    digit = b"A" if paper.sealed[place : place + 1] != b"A" else b"B"
    return paper.sealed[:place] + digit + paper.sealed[place + 1 :]


def padding_of_the_cms_changed(paper: Paper) -> bytes:
    """Behind the CMS, where nothing is signed and nobody reads."""
    _, start = gap_of(paper.sealed)
    return paper.sealed[: start - 3] + b"ff" + paper.sealed[start - 1 :]


def truncated(paper: Paper) -> bytes:
    return paper.sealed[: len(paper.sealed) * 2 // 3]


def cut_back_to_before_the_seal(paper: Paper) -> bytes:
    return paper.unsealed


def junk_before_the_header(paper: Paper) -> bytes:
    """A polyglot: the header may stand a little later, says many a reader."""
    return b"GIF89a junk\n" + paper.sealed


def junk_after_the_end(paper: Paper) -> bytes:
    return paper.sealed + b"\nPK\x05\x06 not of this file\n%%EOF\n"


# -- the file written anew ------------------------------------------------------------------------


def saved_anew_by_qpdf(paper: Paper) -> bytes:
    return _qpdf(paper.sealed)


def saved_anew_by_pikepdf(paper: Paper) -> bytes:
    with opened(paper.sealed) as pdf:
        return saved(pdf)


def encrypted_by_qpdf(paper: Paper) -> bytes:
    return _qpdf(paper.sealed, "--encrypt", "", "owner", "256", "--")


def encrypted_with_a_password(paper: Paper) -> bytes:
    return _qpdf(paper.sealed, "--encrypt", "secret", "owner", "256", "--")


def page_of_another_paper(paper: Paper) -> bytes:
    """Sealed by an insider: the pages are the other's, and so the QR; the data are the paper's."""
    with opened(paper.unsealed) as pdf, opened(before_seal(paper.other)) as other:
        del pdf.pages[:]
        pdf.pages.extend(other.pages)
        return paper.seal(saved(pdf))


def data_of_another_paper(paper: Paper) -> bytes:
    """Sealed by an insider: the data are the other's, the pages and the QR the paper's."""
    with opened(paper.unsealed) as pdf, opened(before_seal(paper.other)) as other:
        pdf.Root.AF[0].EF.F.write(other.Root.AF[0].EF.F.read_bytes())
        return paper.seal(saved(pdf))


def qr_of_another_paper(paper: Paper) -> bytes:
    """Sealed by an insider: only the picture of the QR is the other's."""
    with opened(paper.unsealed) as pdf, opened(before_seal(paper.other)) as other:
        theirs = next(_qr_pictures(other))
        for ours in _qr_pictures(pdf):
            _copy_picture(theirs, ours)
        return paper.seal(saved(pdf))


def name_in_the_data_changed(paper: Paper) -> bytes:
    """Sealed by an insider: the data say another surname, and all is signed."""
    with opened(paper.unsealed) as pdf:
        data = pdf.Root.AF[0].EF.F.read_bytes()
        changed = re.sub(rb"(<surname>)[^<]*", "\\1Жасанды".encode(), data, count=1)
        pdf.Root.AF[0].EF.F.write(changed)
        return paper.seal(saved(pdf))


def never_sealed(paper: Paper) -> bytes:
    """Printed to PDF: pages without data, signatures or anything else."""
    with opened(paper.unsealed) as pdf:
        del pdf.Root.AF
        del pdf.Root.Names
        return saved(pdf)


# -- something added at the end -------------------------------------------------------------------


def annotation_laid_over_the_text(paper: Paper) -> bytes:
    with appended(paper.sealed) as (writer, output):
        _annotate(writer, _free_text())
    return output.getvalue()


def page_content_swapped(paper: Paper) -> bytes:
    with appended(paper.sealed) as (writer, output):
        page = writer.root["/Pages"]["/Kids"][0]
        page["/Contents"] = writer.add_object(generic.StreamObject(stream_data=FORGED))
        writer.update_container(page)
    return output.getvalue()


def page_turned(paper: Paper) -> bytes:
    with appended(paper.sealed) as (writer, output):
        page = writer.root["/Pages"]["/Kids"][0]
        page["/Rotate"] = generic.NumberObject(180)
        writer.update_container(page)
    return output.getvalue()


def attachment_replaced(paper: Paper) -> bytes:
    with appended(paper.sealed) as (writer, output):
        files = writer.root["/AF"][0]["/EF"]
        forged = generic.StreamObject(stream_data=b"<answers/>")
        files["/F"] = writer.add_object(forged)
        writer.update_container(files)
    return output.getvalue()


def empty_revision_added(paper: Paper) -> bytes:
    """The catalogue once more, as it was: nothing is changed, yet it is not of our making."""
    with appended(paper.sealed) as (writer, output):
        writer.update_root()
    return output.getvalue()


def value_of_a_field_changed(paper: Paper) -> bytes:
    """A field for text, in a document that an insider sealed."""
    sealed = paper.seal(with_text_field(paper.unsealed))
    with appended(sealed) as (writer, output):
        field = _text_field(writer)
        field["/V"] = generic.TextStringObject("FORGED")
        writer.update_container(field)
    return output.getvalue()


def seal_taken_out_of_the_form(paper: Paper) -> bytes:
    with appended(paper.sealed) as (writer, output):
        form = writer.root["/AcroForm"]
        form["/Fields"] = generic.ArrayObject()
        writer.update_container(form)
    return output.getvalue()


def certification_taken_away(paper: Paper) -> bytes:
    with appended(paper.sealed) as (writer, output):
        del writer.root["/Perms"]
        writer.update_root()
    return output.getvalue()


# -- shadows --------------------------------------------------------------------------------------


def shadow_hide(paper: Paper) -> bytes:
    """A picture covers the text when it is sealed, and is freed afterwards."""
    with opened(paper.unsealed) as pdf:
        overlay = pdf.make_indirect(_form_xobject(pdf, b"1 g 0 0 600 800 re f"))
        page = pdf.pages[0]
        name = page.add_resource(overlay, Name.XObject)
        page.contents_add(f"{name} Do".encode())
        sealed = paper.seal(saved(pdf, is_plain=True))
    with opened(sealed) as pdf:
        number = pdf.pages[0].obj.Resources.XObject[name].objgen[0]
    return _appended_table(sealed, {number: None})


def shadow_hide_by_an_empty_picture(paper: Paper) -> bytes:
    """The same, the picture being exchanged for one that shows nothing."""
    with opened(paper.unsealed) as pdf:
        page = pdf.pages[0]
        overlay = pdf.make_indirect(_form_xobject(pdf, b"1 g 0 0 600 800 re f"))
        name = page.add_resource(overlay, Name.XObject)
        page.contents_add(f"{name} Do".encode())
        sealed = paper.seal(saved(pdf))
    with appended(sealed) as (writer, output):
        forms = writer.root["/Pages"]["/Kids"][0]["/Resources"]["/XObject"]
        overlay = forms[str(name)]
        overlay._data = b" "
        overlay._encoded_data = None
        writer.update_container(overlay)
    return output.getvalue()


def shadow_replace(paper: Paper) -> bytes:
    """The font is exchanged: the same letters look like others."""
    with appended(paper.sealed) as (writer, output):
        font = next(iter(_fonts(writer)))
        font["/BaseFont"] = pdf_name("/ZapfDingbats")
        writer.update_container(font)
    return output.getvalue()


def shadow_replace_of_a_field(paper: Paper) -> bytes:
    """The look of a field is exchanged, its value stays."""
    sealed = paper.seal(with_text_field(paper.unsealed))
    with appended(sealed) as (writer, output):
        field = _text_field(writer)
        field["/Rect"] = generic.ArrayObject(map(generic.NumberObject, (0, 0, 600, 800)))
        writer.update_container(field)
    return output.getvalue()


def shadow_hide_and_replace(paper: Paper) -> bytes:
    """A second page lies hidden in what is sealed, and takes the first one's place afterwards."""
    with opened(paper.unsealed) as pdf:
        hidden = pdf.make_indirect(
            Dictionary(Type=Name.Page, MediaBox=Array([0, 0, 600, 800]), Parent=pdf.Root.Pages,
                       Resources=Dictionary(), Contents=pdf.make_stream(FORGED))
        )  # fmt: skip
        pdf.Root.PieceInfo = Dictionary(Hidden=hidden)
        sealed = paper.seal(saved(pdf))
    with appended(sealed) as (writer, output):
        kids = writer.root["/Pages"]["/Kids"]
        kids[0] = writer.root["/PieceInfo"].raw_get("/Hidden")
        writer.update_container(kids)
    return output.getvalue()


def shadow_hide_and_replace_by_the_table(paper: Paper) -> bytes:
    """A page's second content lies hidden within the signed bytes; a table alone calls it up."""
    with opened(paper.unsealed) as pdf:
        body = b"<< /Length %d >>\nstream\n%b\nendstream" % (len(FORGED), FORGED)
        shadow = b"\n000000 0 obj\n%b\nendobj\n" % body
        pdf.Root.PieceInfo = Dictionary(Hidden=pdf.make_indirect(pdf.make_stream(shadow)))
        prepared = saved(pdf, is_plain=True)
    with opened(prepared) as pdf:
        number, _ = _contents(pdf).objgen
    marker = re.search(rb"\n(\d{6}) 0 obj\n<< /Length %d >>" % len(FORGED), prepared)
    assert marker, "the hidden object lies in its stream as it was written"
    place = marker.start() + 1
    prepared = prepared[:place] + b"%06d" % number + prepared[place + 6 :]
    return _appended_table(paper.seal(prepared), {number: place})


# -- too much -------------------------------------------------------------------------------------


def oversized(paper: Paper) -> bytes:
    return paper.sealed + bytes(LARGEST_PDF)


def decompression_bomb_in_the_data(paper: Paper) -> bytes:
    return _with_bomb(paper, lambda pdf: pdf.Root.AF[0].EF.F)


def decompression_bomb_on_the_page(paper: Paper) -> bytes:
    return _with_bomb(paper, _contents)


def ten_thousand_objects_added(paper: Paper) -> bytes:
    with appended(paper.sealed) as (writer, output):
        for number in range(10_000):
            writer.add_object(generic.NumberObject(number))
    return output.getvalue()


def nested_without_end(paper: Paper) -> bytes:
    depth = 20_000
    with opened(paper.sealed) as pdf:
        number = _contents(pdf).objgen[0]
    body = b"[" * depth + b"]" * depth
    added = paper.sealed + b"%d 0 obj\n%b\nendobj\n" % (number, body)
    return _appended_table(added, {number: len(paper.sealed)}, before=paper.sealed)


# -- tools ----------------------------------------------------------------------------------------


@contextmanager
def opened(pdf: bytes) -> Iterator[Pdf]:
    with pikepdf.open(BytesIO(pdf)) as found:
        yield found


@contextmanager
def appended(pdf: bytes) -> Iterator[tuple[AppendingWriter, BytesIO]]:
    """A writer whose changes end up in an incremental update."""
    output = BytesIO()
    writer = AppendingWriter(BytesIO(pdf))
    yield writer, output
    writer.write(output)


def saved(pdf: Pdf, *, is_plain: bool = False) -> bytes:
    """The whole file written anew, the same every time; plain: nothing of it packed."""
    mode = pikepdf.ObjectStreamMode
    pdf.save(
        output := BytesIO(),
        deterministic_id=True,
        compress_streams=not is_plain,
        object_stream_mode=mode.disable if is_plain else mode.preserve,
    )
    return output.getvalue()


def gap_of(sealed: bytes) -> tuple[int, int]:
    """Where ``/Contents`` of the seal begins and ends: all other bytes are signed."""
    with opened(sealed) as pdf:
        _, length, start, _ = map(int, pdf.Root.Perms.DocMDP.ByteRange)
    return length, start


def with_text_field(pdf: bytes) -> bytes:
    """The document with a field that text can be typed into."""
    with opened(pdf) as made:
        field = made.make_indirect(
            Dictionary(Type=Name.Annot, Subtype=Name.Widget, FT=Name.Tx, T=String("text"), F=4,
                       Rect=Array([100, 100, 200, 120]), V=String("sealed"),
                       DA=String("/Helv 10 Tf"), P=made.pages[0].obj)
        )  # fmt: skip
        page = made.pages[0].obj
        page.Annots = Array([*page.get("/Annots", ()), field])
        form = made.Root.get("/AcroForm", Dictionary())
        form.Fields = Array([*form.get("/Fields", ()), field])
        made.Root.AcroForm = made.make_indirect(Dictionary(form))
        return saved(made)


def _flipped(pdf: bytes, place: int) -> bytes:
    return pdf[:place] + bytes([pdf[place] ^ 1]) + pdf[place + 1 :]


def _contents(pdf: Pdf) -> Any:
    contents = pdf.pages[0].obj.Contents
    return contents[0] if isinstance(contents, Array) else contents


def _place_of(pdf: bytes, stream: Any) -> int:
    """A byte within the stream's data."""
    raw = bytes(stream.read_raw_bytes())
    return pdf.index(raw) + len(raw) // 2


def _qpdf(pdf: bytes, *options: str) -> bytes:
    with TemporaryDirectory() as folder:
        source, target = Path(folder) / "in.pdf", Path(folder) / "out.pdf"
        source.write_bytes(pdf)
        answer = run("qpdf", *options, "--static-id", str(source), str(target))
        assert answer.returncode == 0, answer.stderr
        return target.read_bytes()


def _qr_pictures(pdf: Pdf) -> Iterator[Any]:
    """The pictures of one bit a pixel and as high as wide."""
    for page in pdf.pages:
        for picture in page.obj.Resources.get("/XObject", Dictionary()).values():
            if picture.get("/Subtype") == Name.Image and picture.Width == picture.Height:
                yield picture


def _copy_picture(source: Any, target: Any) -> None:
    target.write(source.read_bytes())
    for key in ("/Width", "/Height"):
        target[key] = source[key]


def _free_text() -> generic.DictionaryObject:
    box = generic.ArrayObject(map(generic.NumberObject, (100, 400, 400, 500)))
    return generic.DictionaryObject(
        {
            pdf_name("/Type"): pdf_name("/Annot"),
            pdf_name("/Subtype"): pdf_name("/FreeText"),
            pdf_name("/Rect"): box,
            pdf_name("/Contents"): generic.TextStringObject("FORGED"),
            pdf_name("/DA"): generic.TextStringObject("/Helv 24 Tf"),
            pdf_name("/F"): generic.NumberObject(4),
        }
    )


def _annotate(writer: AppendingWriter, annotation: generic.DictionaryObject) -> None:
    page = writer.root["/Pages"]["/Kids"][0]
    page["/Annots"] = generic.ArrayObject(
        [*page.get("/Annots", generic.ArrayObject()), writer.add_object(annotation)]
    )
    writer.update_container(page)


def _text_field(writer: AppendingWriter) -> Any:
    return next(
        field for field in _items(writer.root["/AcroForm"]["/Fields"]) if field["/FT"] == "/Tx"
    )


def _items(array: Any) -> Iterator[Any]:
    """What the references in an array lead to."""
    return (array[index] for index in range(len(array)))


def _fonts(writer: AppendingWriter) -> Iterator[Any]:
    for page in _items(writer.root["/Pages"]["/Kids"]):
        fonts = page["/Resources"]["/Font"]
        yield from (fonts[name] for name in fonts)


def _form_xobject(pdf: Pdf, operators: bytes) -> Any:
    stream = pdf.make_stream(operators)
    stream.Type, stream.Subtype = Name.XObject, Name.Form
    stream.BBox = Array([0, 0, 600, 800])
    return stream


def _appended_table(
    pdf: bytes, places: dict[int, int | None], *, before: bytes | None = None
) -> bytes:
    """The file with one more cross-reference table: objects by their place, freed where ``None``.

    ``before``: the file as it was before something was written at its end by hand.
    """
    known = before or pdf
    previous = int(known.rsplit(b"startxref", 1)[1].split()[0])
    with opened(known) as found:
        root, size = found.trailer.Root.objgen[0], int(found.trailer.Size)
    lines = b"".join(
        b"%d 1\n%010d %05d %b \n" % (number, place or 0, place is None,
                                     b"f" if place is None else b"n")
        for number, place in sorted(places.items())
    )  # fmt: skip
    trailer = b"trailer\n<< /Size %d /Root %d 0 R /Prev %d >>\n" % (size, root, previous)
    return pdf + b"xref\n" + lines + trailer + b"startxref\n%d\n%%%%EOF\n" % len(pdf)


def _with_bomb(paper: Paper, stream_of: Callable[[Pdf], Any]) -> bytes:
    """1 GB of zeros, deflated twice: some kilobytes."""
    squeezed = zlib.compressobj(9)
    first = squeezed.compress(bytes(1 << 20)) + squeezed.flush(zlib.Z_FULL_FLUSH)
    again = squeezed.compress(bytes(1 << 20)) + squeezed.flush(zlib.Z_FULL_FLUSH)
    once = first + again * 1023  # after a full flush the same bytes deflate to the same
    with opened(paper.sealed) as pdf:
        twice = Array([Name.FlateDecode, Name.FlateDecode])
        stream_of(pdf).write(zlib.compress(once, 9), filter=twice)
        none = pikepdf.StreamDecodeLevel.none
        pdf.save(output := BytesIO(), stream_decode_level=none, compress_streams=False)
    return output.getvalue()
