"""Every attack: its code, never valid, words in three languages, and what the judges make of it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.keys.internal import translate_pyca_cryptography_cert_to_asn1
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.status import PdfSignatureStatus
from pyhanko_certvalidator import ValidationContext

from forms_server.documents.signature_facts import SignatureKind
from forms_server.services.file_checks import FileReport, verify_pdf
from forms_server.services.file_facts import facts_of
from forms_server.services.reasons import JUDGEMENTS, FileReason, Verdict
from forms_server.services.workshop import Workshop
from tests import attacks, forgeries
from tests.attacks import Paper
from tests.judges import PdfSignature, pdfsig_facts, run, trusted_nss_db
from tests.workshop import issue_sample, moment

Attack = Callable[[Paper], bytes]
LANGUAGES = ("kk", "ru", "en")


@dataclass(frozen=True, slots=True)
class Case:
    """What an attack must come to: the reasons, gravest first, and what stands in a sentence.

    ``poppler``, ``pyhanko``: why that judge calls the file's signatures good although we do not.
    """

    attack: Attack
    reasons: tuple[str, ...]
    poppler: str = ""
    pyhanko: str = ""

    @property
    def name(self) -> str:
        return self.attack.__name__


NO_REGISTER = "it knows no register: the signature is good, the file is none that was issued"
NO_PERMISSIONS = "it does not compare revisions: later changes are only 'not total document signed'"
NO_CLOCK = "it does not judge the time that the signer states"
NO_USAGE = "without key usages asked for, any certificate of the authority may sign"
NO_ROLES = "it is told whom to trust, not that persons and seals are trusted for different things"
PASSES_OVER = "it reads what the last %%EOF names and passes over everything behind the signed part"
SUMS_UP = "it sums up the lengths of ranges and /Contents and does not look where /Contents stands"

CASES = (
    Case(attacks.bit_flipped_in_the_page, ("altered",)),
    Case(attacks.bit_flipped_in_the_data_xml, ("altered", "data-differs")),
    Case(attacks.bit_flipped_in_the_cms, ("signature-broken",)),
    Case(attacks.padding_of_the_cms_changed, ("not-the-issued-file",), NO_REGISTER, NO_REGISTER),
    Case(attacks.truncated, ("broken",)),
    Case(attacks.cut_back_to_before_the_seal, ("not-sealed",)),
    Case(attacks.junk_before_the_header, ("broken",)),
    Case(attacks.junk_after_the_end, ("broken",)),
    Case(attacks.saved_anew_by_qpdf, ("resaved",)),
    Case(attacks.saved_anew_by_pikepdf, ("resaved",)),
    Case(attacks.encrypted_by_qpdf, ("encrypted",)),
    Case(attacks.encrypted_with_a_password, ("encrypted",)),
    Case(
        attacks.page_of_another_paper, ("qr-moved", "not-the-issued-file"), NO_REGISTER, NO_REGISTER
    ),
    Case(
        attacks.data_of_another_paper, ("qr-moved", "not-the-issued-file"), NO_REGISTER, NO_REGISTER
    ),
    Case(
        attacks.qr_of_another_paper, ("qr-moved", "not-the-issued-file"), NO_REGISTER, NO_REGISTER
    ),
    Case(
        attacks.name_in_the_data_changed,
        ("data-differs", "not-the-issued-file"),
        NO_REGISTER,
        NO_REGISTER,
    ),
    Case(attacks.never_sealed, ("not-sealed",)),
    Case(attacks.annotation_laid_over_the_text, ("altered-after",), NO_PERMISSIONS),
    Case(attacks.page_content_swapped, ("altered-after",), NO_PERMISSIONS),
    Case(attacks.page_turned, ("altered-after",), NO_PERMISSIONS),
    Case(attacks.attachment_replaced, ("altered-after", "data-differs"), NO_PERMISSIONS),
    Case(attacks.empty_revision_added, ("added-elsewhere",), NO_PERMISSIONS, NO_REGISTER),
    Case(attacks.value_of_a_field_changed, ("altered-after",), NO_PERMISSIONS),
    Case(attacks.seal_taken_out_of_the_form, ("not-sealed",)),
    Case(
        attacks.certification_taken_away,
        ("altered-after", "altered", "certificate-usage"),
        NO_PERMISSIONS,
    ),
    Case(attacks.shadow_hide, ("shadow",), NO_PERMISSIONS),
    Case(attacks.shadow_hide_by_an_empty_picture, ("shadow",), NO_PERMISSIONS),
    Case(attacks.shadow_replace, ("shadow",), NO_PERMISSIONS),
    Case(attacks.shadow_replace_of_a_field, ("shadow",), NO_PERMISSIONS),
    Case(attacks.shadow_hide_and_replace, ("shadow",), NO_PERMISSIONS),
    Case(attacks.shadow_hide_and_replace_by_the_table, ("shadow",), NO_PERMISSIONS),
    Case(attacks.oversized, ("too-large",)),
    Case(attacks.decompression_bomb_in_the_data, ("too-heavy",)),
    Case(attacks.decompression_bomb_on_the_page, ("resaved",)),
    Case(attacks.ten_thousand_objects_added, ("added-elsewhere",), NO_PERMISSIONS, NO_REGISTER),
    Case(attacks.nested_without_end, ("too-heavy",)),
    Case(forgeries.contents_missing, ("signature-broken",)),
    Case(forgeries.contents_null, ("signature-broken",)),
    Case(forgeries.contents_empty, ("signature-broken",)),
    Case(forgeries.contents_of_zeros, ("signature-broken",)),
    Case(forgeries.byte_range_missing, ("signature-broken",)),
    Case(forgeries.byte_range_null, ("signature-broken",)),
    Case(forgeries.byte_range_negative, ("signature-broken",)),
    Case(forgeries.byte_range_covering_less, ("altered",)),
    Case(forgeries.byte_range_overlapping, ("altered",)),
    Case(forgeries.byte_range_of_six, ("altered-after",), NO_PERMISSIONS),
    Case(forgeries.contents_outside_the_gap, ("altered-after",), NO_PERMISSIONS, SUMS_UP),
    Case(forgeries.signed_part_moved_to_the_end, ("altered-after",), NO_PERMISSIONS),
    Case(forgeries.second_table_over_the_first, ("altered-after",), NO_PERMISSIONS, PASSES_OVER),
    Case(
        forgeries.evil_annotation_where_annotations_are_permitted,
        ("altered-after",),
        NO_PERMISSIONS,
    ),
    Case(
        forgeries.sneaky_signature_over_the_page,
        ("altered-after", "certificate-untrusted"),
        NO_PERMISSIONS,
    ),
    Case(forgeries.sealed_by_names_like_ours, ("seal-not-ours", "certificate-untrusted")),
    Case(forgeries.sealed_by_a_self_signed_look_alike, ("seal-not-ours", "certificate-untrusted")),
    Case(
        forgeries.sealed_by_a_person,
        ("seal-not-ours", "certificate-untrusted"),
        NO_ROLES,
        NO_ROLES,
    ),
    Case(
        forgeries.signed_as_a_person_by_the_seal,
        ("certificate-usage", "added-elsewhere"),
        NO_REGISTER,
        NO_REGISTER,
    ),
    Case(
        forgeries.sealed_in_the_future, ("not-the-issued-file", "clock-wrong"), NO_CLOCK, NO_CLOCK
    ),
    Case(
        forgeries.foreign_file_validly_signed,
        ("seal-not-ours", "unknown-here", "certificate-untrusted"),
    ),
    Case(forgeries.seal_of_a_stranger_on_our_data, ("seal-not-ours", "certificate-untrusted")),
    Case(forgeries.person_without_an_authority, ("certificate-untrusted", "added-elsewhere")),
    Case(forgeries.person_with_an_expired_certificate, ("certificate-expired", "added-elsewhere")),
    Case(forgeries.person_with_a_certificate_to_come, ("clock-wrong", "added-elsewhere")),
    Case(
        forgeries.person_with_a_certificate_for_signing_in,
        ("certificate-usage", "added-elsewhere"),
        NO_USAGE,
    ),
    Case(
        forgeries.person_with_a_revoked_certificate,
        ("certificate-revoked", "added-elsewhere"),
        NO_USAGE,
        NO_USAGE,
    ),
    Case(forgeries.person_unknown_to_the_register, ("added-elsewhere",), NO_REGISTER, NO_REGISTER),
    Case(forgeries.signature_of_a_person_written_over, ("altered-after",), NO_PERMISSIONS),
    Case(forgeries.person_signing_with_gost, ("signature-not-checked", "added-elsewhere")),
    Case(forgeries.seal_that_calls_itself_gost, ("altered", "signature-not-checked")),
)


@pytest.fixture(scope="module")
def desk(workshop: Workshop) -> Workshop:
    """The workshop, where persons of the throw-away authority are trusted."""
    return replace(workshop, person_authorities=(forgeries.PERSONS.certificate,))


@pytest.fixture(scope="module")
def paper(desk: Workshop) -> Paper:
    """Two issued and sealed documents of one form; every attack starts from these."""
    records = (issue_sample(desk, "mse-01") for _ in range(2))
    sealed, other = (desk.blobs.get(str(record.blob_key)) for record in records)
    return Paper(sealed, other, desk.sealer)


@pytest.fixture(scope="module")
def trusting(desk: Workshop, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database for ``pdfsig`` that trusts whom we trust."""
    folder = tmp_path_factory.mktemp("nss")
    pems = [folder / f"{number}.pem" for number in range(len(desk.trusted) + 1)]
    roots = (*desk.trusted, forgeries.PERSONS.certificate)
    for pem, certificate in zip(pems, roots, strict=True):
        pem.write_bytes(certificate.public_bytes(Encoding.PEM))
    database = trusted_nss_db(pems[0], folder / "db")
    for pem in pems[1:]:
        trust = ("-n", pem.stem, "-t", "CT,C,C", "-i", str(pem))
        assert run("certutil", "-A", "-d", f"sql:{database}", *trust).returncode == 0
    return database


@dataclass(frozen=True, slots=True)
class Sample:
    """An attack carried out, and what we found."""

    case: Case
    pdf: bytes
    report: FileReport


def test_the_paper_itself_is_valid(desk: Workshop, paper: Paper) -> None:
    for pdf in (paper.sealed, paper.other):
        report = verify_pdf(desk, pdf, now=moment())
        assert (report.verdict, report.reasons) == (Verdict.VALID, ())
        assert report.are_pages_read
        (seal,) = report.signatures
        assert (seal.kind, seal.is_ours, seal.trusted) == (SignatureKind.SEAL, True, True)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_an_attack_is_named_and_never_valid(
    case: Case, desk: Workshop, paper: Paper, *, trusting: Path, tmp_path: Path
) -> None:
    pdf = case.attack(paper)
    sample = Sample(case, pdf, verify_pdf(desk, pdf, now=moment()))
    _is_named(sample)
    path = tmp_path / "sample.pdf"
    path.write_bytes(pdf)
    _agrees_with_poppler(sample, path, trusting)
    _agrees_with_pyhanko(sample, desk)


def _is_named(sample: Sample) -> None:
    report = sample.report
    assert tuple(reason.code.value for reason in report.reasons)[: len(sample.case.reasons)] == (
        sample.case.reasons
    )
    assert report.verdict is not Verdict.VALID
    assert report.indication.value != "TOTAL-PASSED"
    assert report.subindications
    facts = facts_of(report)
    assert not all(facts["holds"].values()) or facts["reasons"]
    for reason in facts["reasons"]:
        assert len(set(reason["says"].values())) == len(LANGUAGES)
        assert all(len(words) > 20 and "{" not in words for words in reason["says"].values())


def _agrees_with_poppler(sample: Sample, path: Path, trusting: Path) -> None:
    """What we call good ``pdfsig`` calls good; where it calls all good, the table says why."""
    ours = {facts.field_name: facts for facts in sample.report.signatures}
    theirs = _by_field(path, trusting) if ours else {}
    for name, facts in ours.items():
        if facts.intact and facts.valid and name in theirs:
            assert theirs[name].is_valid, name
    is_good = bool(theirs) and all(each.is_valid and each.is_trusted for each in theirs.values())
    assert is_good <= bool(sample.case.poppler)


def _agrees_with_pyhanko(sample: Sample, desk: Workshop) -> None:
    """The same, and digest and cryptography agree with it on each signature that it can read."""
    ours = {facts.field_name: facts for facts in sample.report.signatures}
    theirs = dict(_pyhanko(sample.pdf, desk)) if ours else {}
    for name, status in theirs.items():
        facts = ours[name]
        assert (facts.intact, facts.valid) == (status.intact, status.valid)
        assert not facts.covers_whole_file or status.docmdp_ok
    is_good = ours.keys() == theirs.keys() and all(each.bottom_line for each in theirs.values())
    assert (bool(ours) and is_good) <= bool(sample.case.pyhanko)


def _by_field(path: Path, trusting: Path) -> Mapping[str, PdfSignature]:
    """What ``pdfsig`` says; some samples are none that it can read."""
    try:
        return {facts.field: facts for facts in pdfsig_facts(path, trusting)}
    except AssertionError:
        return {}


def _pyhanko(pdf: bytes, desk: Workshop) -> Iterator[tuple[str, PdfSignatureStatus]]:
    """pyHanko's own verdict on each signature that it finds."""
    logging.getLogger("pyhanko").setLevel(logging.CRITICAL)
    roots = [
        translate_pyca_cryptography_cert_to_asn1(each)
        for each in (*desk.trusted, forgeries.PERSONS.certificate)
    ]
    try:
        signatures: Any = PdfFileReader(BytesIO(pdf)).embedded_regular_signatures
        for embedded in signatures:
            context = ValidationContext(trust_roots=roots, allow_fetching=False, moment=moment())
            yield embedded.field_name, validate_pdf_signature(embedded, context)
    except (PdfError, ValueError, TypeError, AttributeError, LookupError, AssertionError):
        return


def test_every_reason_has_its_judgement_and_its_words() -> None:
    assert set(JUDGEMENTS) == set(FileReason)
    assert not any(each.verdict is Verdict.VALID for each in JUDGEMENTS.values())


def test_every_attack_is_tried() -> None:
    tried = {case.attack for case in CASES}
    written = {
        function
        for module in (attacks, forgeries)
        for name, function in vars(module).items()
        if callable(function)
        and getattr(function, "__module__", "") == module.__name__
        and not name.startswith("_")
        and next(iter(function.__annotations__.values()), "") == "Paper"
        and function.__annotations__["return"] == "bytes"
    }
    assert tried == written
