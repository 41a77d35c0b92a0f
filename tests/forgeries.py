"""Forged signatures: the ByteRange games of Mladenov and others, "1 Trillion Dollar Refund" (CCS
2019), and signatures by whoever should not have made them. Each is named for its defect.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from typing import Any

from asn1crypto import cms as asn1_cms
from asn1crypto import crl as asn1_crl
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from pikepdf import Array, Dictionary, Name, String
from pyhanko.keys.internal import (
    translate_pyca_cryptography_cert_to_asn1,
    translate_pyca_cryptography_key_to_asn1,
)
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.sign.fields import MDPPerm, SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, SimpleSigner, sign_pdf
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko_certvalidator.registry import SimpleCertificateStore

from forms_server.documents.signing import FIELD_NAME, AppendingWriter, Sealer
from forms_server.documents.signing_keys import KeptKey
from tests.attacks import FORGED, Paper, appended, bit_flipped_in_the_page, gap_of, opened, saved
from tests.authority import SIGNING, Authority, make_authority, make_seal_keys, print_pdf
from tests.signers import AUTHENTICATION, Person, make_person
from tests.workshop import NOW

PERSONS = make_authority(NOW - timedelta(days=800), name="Throw-away persons' authority")
FIELD = "person"
GOST_DIGEST, GOST_SIGNATURE = "1.2.398.3.10.1.3.3", "1.2.398.3.10.1.1.2.3.2"


# -- ByteRange and Contents -----------------------------------------------------------------------


def contents_missing(paper: Paper) -> bytes:
    return _seal_written_anew(paper, lambda seal: seal.pop("/Contents"))


def contents_null(paper: Paper) -> bytes:
    return _seal_written_anew(paper, _setting("/Contents", generic.NullObject()))


def contents_empty(paper: Paper) -> bytes:
    return _seal_written_anew(paper, _setting("/Contents", generic.ByteStringObject(b"")))


def contents_of_zeros(paper: Paper) -> bytes:
    return _seal_written_anew(paper, _setting("/Contents", generic.ByteStringObject(bytes(900))))


def byte_range_missing(paper: Paper) -> bytes:
    return _seal_written_anew(paper, lambda seal: seal.pop("/ByteRange"))


def byte_range_null(paper: Paper) -> bytes:
    return _seal_written_anew(paper, _setting("/ByteRange", generic.NullObject()))


def byte_range_negative(paper: Paper) -> bytes:
    return _seal_written_anew(paper, _setting("/ByteRange", _numbers(0, -1, -1, -1)))


def byte_range_covering_less(paper: Paper) -> bytes:
    """The last hundred bytes of the signed file are left out; the digest no longer fits."""
    length, start = gap_of(paper.sealed)
    rest = len(paper.sealed) - start
    return _with_byte_range(paper, (0, length, start, rest - 100))


def byte_range_overlapping(paper: Paper) -> bytes:
    length, start = gap_of(paper.sealed)
    return _with_byte_range(paper, (0, start, length, len(paper.sealed) - length))


def byte_range_of_six(paper: Paper) -> bytes:
    """The signed bytes and then what was added: a third part that nobody signed."""
    length, start = gap_of(paper.sealed)
    end = len(paper.sealed)
    told = _numbers(0, length, start, end - start, end, 0)
    return _seal_written_anew(paper, _setting("/ByteRange", told))


def contents_outside_the_gap(paper: Paper) -> bytes:
    """Wrapping whose lengths add up: ``/Contents`` is a literal string as long as half its gap, so
    that whoever only sums up takes the gap for the signature itself.
    """
    return _wrapped(paper, is_literal=True)


def signed_part_moved_to_the_end(paper: Paper) -> bytes:
    """Signature wrapping: the second signed part is moved back, and a page put between."""
    return _wrapped(paper, is_literal=False)


def second_table_over_the_first(paper: Paper) -> bytes:
    """A table that the end of the file does not name, and a name of it in front."""
    with appended(paper.sealed) as (writer, output):
        page = writer.root["/Pages"]["/Kids"][0]
        page["/Contents"] = writer.add_object(generic.StreamObject(stream_data=FORGED))
        writer.update_container(page)
    forged = output.getvalue()
    old = paper.sealed.rsplit(b"startxref", 1)[1].split()[0]
    head, _, tail = forged.rpartition(b"startxref")
    new = tail.split()[0]
    return head + b"startxref" + tail + b"startxref\n" + old + b"\n%%EOF\nstartxref\n" + new + b"\n"


# -- what a certification permits -----------------------------------------------------------------


def evil_annotation_where_annotations_are_permitted(paper: Paper) -> bytes:
    """EAA: certified by an insider at P = 3, which permits annotations; our seals never do."""
    certified = _signed(
        paper.unsealed, _key_of(paper.sealer), FIELD_NAME, certify=True,
        docmdp_permissions=MDPPerm.ANNOTATE,
    )  # fmt: skip
    with appended(certified) as (writer, output):
        page = writer.root["/Pages"]["/Kids"][0]
        note = generic.DictionaryObject(
            {
                pdf_name("/Type"): pdf_name("/Annot"),
                pdf_name("/Subtype"): pdf_name("/Square"),
                pdf_name("/Rect"): _numbers(0, 0, 600, 800),
                pdf_name("/IC"): _numbers(1, 1, 1),
            }
        )
        kept = page.get("/Annots", generic.ArrayObject())
        page["/Annots"] = generic.ArrayObject([*kept, writer.add_object(note)])
        writer.update_container(page)
    return output.getvalue()


def sneaky_signature_over_the_page(paper: Paper) -> bytes:
    """SSA: a visible signature of an unknown person over the text, as further signatures may be."""
    stranger = make_seal_keys(make_authority(NOW), NOW, name="Somebody")
    place = SigFieldSpec("Sneaky", box=(0, 0, 600, 800))
    return _signed(_with_field(paper), stranger, "Sneaky", new_field_spec=place)


# -- by whom --------------------------------------------------------------------------------------


def sealed_by_names_like_ours(paper: Paper) -> bytes:
    """Another authority and another seal, both called what ours are."""
    key = _key_of(paper.sealer)
    names = key.chain[0].subject, key.certificate.subject
    authority = _renamed(make_authority(NOW), names[0], names[0])
    forged = _renamed(make_seal_keys(authority, NOW), names[1], names[0], authority)
    return Sealer(_kept(forged, authority)).seal(
        paper.unsealed, reason="x", location="x", signed_at=NOW
    )


def sealed_by_a_self_signed_look_alike(paper: Paper) -> bytes:
    name = _key_of(paper.sealer).certificate.subject
    made = _renamed(make_authority(NOW), name, name, usages=SIGNING)
    key = KeptKey(certificate=made.certificate, private_key=made.private_key, chain=())
    return Sealer(key).seal(paper.unsealed, reason="x", location="x", signed_at=NOW)


def sealed_by_a_person(paper: Paper) -> bytes:
    """A trusted person's own certificate in the place of the seal, certifying like it."""
    person = make_person(PERSONS, NOW)
    return Sealer(person).seal(paper.unsealed, reason="x", location="x", signed_at=NOW)


def signed_as_a_person_by_the_seal(paper: Paper) -> bytes:
    """The seal's key signs in the place of a person."""
    return _signed(_with_field(paper), _key_of(paper.sealer), FIELD)


def sealed_in_the_future(paper: Paper) -> bytes:
    return paper.seal(paper.unsealed, signed_at=NOW + timedelta(days=30))


def foreign_file_validly_signed(_paper: Paper) -> bytes:
    keys = make_seal_keys(make_authority(NOW), NOW, name="Another house")
    return Sealer(keys).seal(print_pdf(data_xml=None), reason="x", location="x", signed_at=NOW)


def seal_of_a_stranger_on_our_data(paper: Paper) -> bytes:
    keys = make_seal_keys(make_authority(NOW), NOW, name="Forger")
    return Sealer(keys).seal(paper.unsealed, reason="x", location="x", signed_at=NOW)


def person_without_an_authority(paper: Paper) -> bytes:
    return _signed(_with_field(paper), make_person(make_authority(NOW), NOW), FIELD)


def person_with_an_expired_certificate(paper: Paper) -> bytes:
    gone = Person(begins=timedelta(days=-400), lasts=timedelta(days=365))
    return _signed(_with_field(paper), make_person(PERSONS, NOW, gone), FIELD)


def person_with_a_certificate_to_come(paper: Paper) -> bytes:
    early = Person(begins=timedelta(days=10))
    return _signed(_with_field(paper), make_person(PERSONS, NOW, early), FIELD)


def person_with_a_certificate_for_signing_in(paper: Paper) -> bytes:
    """``digitalSignature`` and ``keyEncipherment``: НУЦ РК's authentication certificates."""
    key = make_person(PERSONS, NOW, Person(usages=AUTHENTICATION))
    return _signed(_with_field(paper), key, FIELD)


def person_with_a_revoked_certificate(paper: Paper) -> bytes:
    """The file itself holds the list that says so."""
    key = make_person(PERSONS, NOW)
    signed = BytesIO(_signed(_with_field(paper), key, FIELD))
    DocumentSecurityStore.add_dss(
        signed,
        sig_contents=None,
        certs=[translate_pyca_cryptography_cert_to_asn1(PERSONS.certificate)],
        crls=[_revocation_list(key.certificate)],
    )
    return signed.getvalue()


def person_unknown_to_the_register(paper: Paper) -> bytes:
    """A good signature, where the seal permits it, that was put with another program."""
    return _signed(_with_field(paper), make_person(PERSONS, NOW), FIELD)


def signature_of_a_person_written_over(paper: Paper) -> bytes:
    """A later revision gives the signed field of a person another look; a third signs after it."""
    signed = person_unknown_to_the_register(paper)
    with appended(signed) as (writer, output):
        fields = writer.root["/AcroForm"]["/Fields"]
        every = (fields[index] for index in range(len(fields)))
        field = next(each for each in every if each["/T"] == FIELD)
        field["/TU"] = generic.TextStringObject("FORGED")
        value = field["/V"]
        value["/Name"] = generic.TextStringObject("FORGED")
        writer.update_container(value)
        writer.update_container(field)
    return output.getvalue()


def person_signing_with_gost(paper: Paper) -> bytes:
    """An algorithm that is not checked here; its OIDs stand in the CMS, as long as before."""
    signed = person_unknown_to_the_register(paper)
    return _named_gost(signed, signed.rindex(b"/Contents <") + len(b"/Contents <"))


def seal_that_calls_itself_gost(paper: Paper) -> bytes:
    """A changed page under our own seal, whose algorithm is said to be one that nobody checks."""
    altered = bit_flipped_in_the_page(paper)
    length, _ = gap_of(altered)
    return _named_gost(altered, length + 1)


# -- tools ----------------------------------------------------------------------------------------


def _named_gost(pdf: bytes, place: int) -> bytes:
    """The CMS whose digits begin at this place, with the names of Kazakhstan's algorithms."""
    end = pdf.index(b">", place)
    content = asn1_cms.ContentInfo.load(bytes.fromhex(pdf[place:end].decode()))
    signer = content["content"]["signer_infos"][0]
    signer["digest_algorithm"] = {"algorithm": GOST_DIGEST}
    signer["signature_algorithm"] = {"algorithm": GOST_SIGNATURE}
    digits = content.dump(force=True).hex().encode()
    return pdf[:place] + digits.ljust(end - place, b"0") + pdf[end:]


def _setting(name: str, value: generic.PdfObject) -> Callable[[Any], object]:
    return lambda seal: seal.__setitem__(pdf_name(name), value)


def _numbers(*values: int) -> generic.ArrayObject:
    return generic.ArrayObject(map(generic.NumberObject, values))


def _seal_written_anew(paper: Paper, change: Callable[[Any], object]) -> bytes:
    """Universal forgery: the seal's dictionary once more, changed, and a page of one's own."""
    with appended(paper.sealed) as (writer, output):
        seal = writer.root["/Perms"]["/DocMDP"]
        change(seal)
        writer.update_container(seal)
        page = writer.root["/Pages"]["/Kids"][0]
        page["/Contents"] = writer.add_object(generic.StreamObject(stream_data=FORGED))
        writer.update_container(page)
    return output.getvalue()


def _with_byte_range(paper: Paper, numbers: tuple[int, int, int, int]) -> bytes:
    """The range written over in its place, as long as before."""
    found = re.search(rb"/ByteRange \[[\d ]+\]", paper.sealed)
    assert found
    told = b"/ByteRange [%d %d %d %d" % numbers
    return paper.sealed.replace(found[0], told.ljust(len(found[0]) - 1) + b"]", 1)


def _wrapped(paper: Paper, *, is_literal: bool) -> bytes:
    """The first signed part, the signature, forged objects, the second signed part at the end.

    The end still names the place where the table stood before: there a forged table stands now.
    """
    sealed = paper.sealed
    length, start = gap_of(sealed)
    table = int(sealed.rsplit(b"startxref", 1)[1].split()[0])
    contents = bytes.fromhex(sealed[length + 1 : start - 1].decode())
    size = 0
    while True:  # until the lengths that stand in the numbers have settled
        room = (start - length + size - 2) // 2 if is_literal else 0
        ranges = (length, start + size, len(sealed) - start)
        evil = _evil(paper, ranges, _written(contents, room), table - start)
        if len(evil) == size and (not is_literal or (start - length + size) % 2 == 0):
            return sealed[:start] + evil + sealed[start:]
        size = len(evil) + (start - length + len(evil)) % 2 * is_literal
        if len(evil) < size:
            contents += b"\0"


def _written(contents: bytes, room: int) -> bytes:
    """In hexadecimal, or as a literal string that is as long as ``room``."""
    if not room:
        return b"<" + contents.hex().encode() + b">"
    escaped = re.sub(rb"[\\()\r\n]", lambda each: b"\\%03o" % each[0][0], contents)
    return b"(" + escaped + bytes(max(0, room - len(contents))) + b")"


def _evil(paper: Paper, ranges: tuple[int, int, int], contents: bytes, distance: int) -> bytes:
    """Room up to where the table stood, a forged table, the forged objects behind it."""
    with opened(paper.sealed) as pdf:
        seal = pdf.Root.Perms.DocMDP
        told = b"/M %b /Reference %b" % (seal.M.unparse(), seal.Reference.unparse())
        objects = {
            pdf.pages[0].obj.Contents.objgen[0]: b"<< /Length %d >>\nstream\n%b\nendstream"
            % (len(FORGED), FORGED),
            seal.objgen[0]: b"<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter "
            b"/ETSI.CAdES.detached %b /ByteRange [0 %d %d %d] /Contents %b >>"
            % (told, *ranges, contents),
        }
        for kept in (pdf.Root, pdf.Root.AcroForm, pdf.Root.AcroForm.Fields[-1]):
            if kept.is_indirect:
                objects[kept.objgen[0]] = kept.unparse(resolved=True)
        size, root = int(pdf.trailer.Size), pdf.trailer.Root.objgen[0]
    length, _, _ = ranges
    start = length + len(paper.sealed[length:].split(b">", 1)[0]) + 1
    trailer = b"trailer\n<< /Size %d /Root %d 0 R /Prev %d >>\n" % (
        size, root, _first_table(paper.sealed),
    )  # fmt: skip
    line = b"%d 1\n%010d 00000 n \n"
    head = b" " * distance
    behind = sum(len(line % (number, 0)) for number in objects) + len(b"xref\n") + len(trailer)
    place, lines, bodies = start + len(head) + behind, b"", b""
    for number, body in objects.items():
        written = b"%d 0 obj\n%b\nendobj\n" % (number, body)
        lines += line % (number, place + len(bodies))
        bodies += written
    return head + b"xref\n" + lines + trailer + bodies


def _first_table(sealed: bytes) -> int:
    return int(sealed.split(b"startxref", 1)[1].split()[0])


def _with_field(paper: Paper) -> bytes:
    """The document with an empty, invisible signature field, sealed by the office."""
    with opened(paper.unsealed) as pdf:
        field = pdf.make_indirect(
            Dictionary(Type=Name.Annot, Subtype=Name.Widget, FT=Name.Sig, T=String(FIELD), F=132,
                       Rect=Array([0, 0, 0, 0]), P=pdf.pages[0].obj)
        )  # fmt: skip
        page = pdf.pages[0].obj
        page.Annots = Array([*page.get("/Annots", ()), field])
        form = pdf.Root.get("/AcroForm", Dictionary())
        form.Fields = Array([*form.get("/Fields", ()), field])
        form.SigFlags = 3
        pdf.Root.AcroForm = form if form.is_indirect else pdf.make_indirect(form)
        return paper.seal(saved(pdf))


def _key_of(sealer: Sealer) -> KeptKey:
    key = sealer._key
    assert isinstance(key, KeptKey)
    return key


def _signed(pdf: bytes, key: KeptKey, field_name: str, **more: Any) -> bytes:
    """Signed by pyHanko as any other program would."""
    place = more.pop("new_field_spec", None)
    signer = SimpleSigner(
        translate_pyca_cryptography_cert_to_asn1(key.certificate),
        translate_pyca_cryptography_key_to_asn1(key.private_key),
        SimpleCertificateStore.from_certs(map(translate_pyca_cryptography_cert_to_asn1, key.chain)),
    )
    metadata = PdfSignatureMetadata(
        field_name, md_algorithm="sha256", subfilter=SigSeedSubFilter.ADOBE_PKCS7_DETACHED, **more
    )
    writer = AppendingWriter(BytesIO(pdf))
    signed: BytesIO = sign_pdf(writer, metadata, signer, new_field_spec=place)
    return signed.getvalue()


def _renamed(
    made: Authority | KeptKey,
    subject: x509.Name,
    issuer: x509.Name,
    authority: Authority | None = None,
    *,
    usages: tuple[str, ...] | None = None,
) -> Authority:
    """The same key with a certificate of these names."""
    template = made.certificate
    if usages:
        template = make_seal_keys(make_authority(NOW), NOW, usages=usages).certificate
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(made.private_key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(template.not_valid_before_utc)
        .not_valid_after(template.not_valid_after_utc)
    )
    for extension in template.extensions:
        builder = builder.add_extension(extension.value, critical=extension.critical)
    signing = authority.private_key if authority else made.private_key
    return Authority(builder.sign(signing, hashes.SHA256()), made.private_key)


def _kept(made: Authority, authority: Authority) -> KeptKey:
    chain = (authority.certificate,)
    return KeptKey(certificate=made.certificate, private_key=made.private_key, chain=chain)


def _revocation_list(certificate: x509.Certificate) -> Any:
    """The authority's list, in pyHanko's library's own class."""
    revoked = (
        x509.RevokedCertificateBuilder()
        .serial_number(certificate.serial_number)
        .revocation_date(NOW - timedelta(seconds=30))
        .build()
    )
    made = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(PERSONS.certificate.subject)
        .last_update(NOW - timedelta(seconds=20))
        .next_update(NOW + timedelta(days=3650))
        .add_revoked_certificate(revoked)
        .sign(PERSONS.private_key, hashes.SHA256())
    )
    return asn1_crl.CertificateList.load(made.public_bytes(Encoding.DER))
