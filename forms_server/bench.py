"""Measures the product against named baselines, alternating in one process; asserts nothing."""

from __future__ import annotations

import dataclasses
import gc
import itertools
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from shutil import which

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12
from flask.testing import FlaskClient
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, SimpleSigner, sign_pdf
from weasyprint import HTML

from forms_server.app import create_app
from forms_server.documents.context import Output
from forms_server.documents.fonts import load_slot_font
from forms_server.documents.stencils import Press
from forms_server.fields.answers import read_answers
from forms_server.fields.values import Answers
from forms_server.languages import Language
from forms_server.services import issuing
from forms_server.services.accounts import Actor, actor_of
from forms_server.services.samples import sample_answers
from forms_server.services.workshop import Workshop, open_workshop
from forms_server.settings import Settings
from forms_server.specs.model import Edition
from forms_server.storage.records import DocumentRecord

try:
    from playwright.sync_api import sync_playwright
except ImportError:  # a production installation has no browser; the report then says so
    sync_playwright = None  # type: ignore[assignment]

FORM = "mse-01"
OUTPUT = "kk-ru"
NAMES = ("Үлгіев", "Образцова", "Сынақов", "Примеров")
PASSPHRASE = b"bench"
DOCUMENTS = 500
BASELINES = ("naive", "chromium", "chromium, tagged")
CHROMIUM_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Medians in milliseconds, ratios to baselines, resident memory in MB by documents issued."""

    runs: int
    milliseconds: Mapping[str, float]
    ratios: Mapping[str, float]
    memory: Mapping[int, float]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One document to print and seal over and over."""

    workshop: Workshop
    actor: Actor
    edition: Edition
    answers: Answers
    record: DocumentRecord

    def html(self) -> str:
        stamp = issuing.stamp_of(self.workshop, self.record)
        pages = issuing.pages_of(
            self.edition, OUTPUT, Output.ISSUED, answers=self.answers, stamp=stamp
        )
        return self.workshop.templates.write_html(pages)


def run_bench(settings: Settings, *, runs: int = 20, documents: int = DOCUMENTS) -> Report:
    """All figures of the issue: issuing, its two baselines, the verification page, memory."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        subject = _subject(_scratch(settings, Path(folder)))
        memory = _memory(subject, documents)
        contenders: dict[str, Callable[[], object]] = {
            "issuing": _issuing(subject),
            "issuing, new stencil": _issuing_cold(subject),
            "naive": _naive(subject),
            "verification page": _verification(subject),
        }
        notes = []
        if sync_playwright is None or which("chromium") is None:
            notes.append("chromium: not measured, Playwright or Chromium is not installed")
        else:
            untagged, tagged = stack.enter_context(_chromium(subject))
            contenders |= {"chromium": untagged, "chromium, tagged": tagged}
        medians = _alternate(contenders, runs)
    return Report(
        runs=runs,
        milliseconds=medians,
        ratios=_ratios(medians),
        memory=memory,
        notes=tuple(notes),
    )


def show_bench(report: Report) -> str:
    """The report as lines of text."""
    lines = [f"medians of {report.runs} alternating runs"]
    lines += [f"  {name:<34} {value:8.1f} ms" for name, value in report.milliseconds.items()]
    lines += [f"  {name:<34} {value:8.2f} x" for name, value in report.ratios.items()]
    lines += [
        f"  after {count:>4} documents {size:6.0f} MB" for count, size in report.memory.items()
    ]
    return "\n".join([*lines, *report.notes])


def _scratch(settings: Settings, folder: Path) -> Settings:
    return dataclasses.replace(
        settings, home=folder / "home", database_url=f"sqlite:///{folder / 'home' / 'bench.db'}"
    )


def _subject(settings: Settings) -> Subject:
    now = datetime.now(UTC)
    workshop = open_workshop(settings, now)
    account = workshop.records.accounts.by_login("clerk")
    actor = account and actor_of(workshop.records, account.id, session_epoch=account.session_epoch)
    if not actor:
        raise RuntimeError("the first start makes a clerk")
    edition = workshop.forms[FORM].latest
    answers = read_answers(
        edition, sample_answers(edition, Language.RU, now.date()), now.date()
    ).answers
    record = issuing.issue(workshop, edition, answers, output=OUTPUT, actor=actor, now=now)
    return Subject(workshop=workshop, actor=actor, edition=edition, answers=answers, record=record)


def _alternate(contenders: Mapping[str, Callable[[], object]], runs: int) -> dict[str, float]:
    """Median milliseconds of each, measured in turn after one warm-up."""
    for contender in contenders.values():
        contender()
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(runs):
        for name, contender in contenders.items():
            began = time.perf_counter()
            contender()
            times[name].append((time.perf_counter() - began) * 1000)
    return {name: statistics.median(values) for name, values in times.items()}


def _issuing(subject: Subject) -> Callable[[], object]:
    """Render and seal as a worker does all day: another person each time, the same choices."""
    names = itertools.cycle(NAMES)

    def issue_next() -> object:
        person = {"surname": next(names), "given_name": "Үлгі", "patronymic": ""}
        answers = {**subject.record.answers, "person": person}
        return issuing.seal_record(
            subject.workshop, dataclasses.replace(subject.record, answers=answers)
        )

    return issue_next


def _issuing_cold(subject: Subject) -> Callable[[], object]:
    """The same for the first document with these choices, whose pages must be laid out."""
    workshop = subject.workshop

    def issue_first() -> object:
        press = Press(workshop.templates, workshop.printer, load_slot_font())
        return issuing.seal_record(dataclasses.replace(workshop, press=press), subject.record)

    return issue_first


def _ratios(medians: Mapping[str, float]) -> dict[str, float]:
    baselines = [name for name in BASELINES if name in medians]
    ours = [name for name in medians if name.startswith("issuing")]
    return {
        f"{name} / {base}": medians[name] / medians[base] for name in ours for base in baselines
    }


def _naive(subject: Subject) -> Callable[[], bytes]:
    """As the libraries' first pages show it: inline CSS, auto tables, PKCS#12 read each time."""
    style = (subject.workshop.settings.root / "static" / "print.css").read_text(encoding="utf-8")
    auto = style.replace("table-layout: fixed", "table-layout: auto")
    html = subject.html().replace("</head>", f"<style>{auto}</style></head>")
    p12 = subject.workshop.settings.home / "naive.p12"
    p12.write_bytes(_rsa_p12())

    def pipeline() -> bytes:
        pdf = HTML(string=html).write_pdf()
        signer = SimpleSigner.load_pkcs12(str(p12), passphrase=PASSPHRASE)  # type: ignore[no-untyped-call]
        metadata = PdfSignatureMetadata(field_name="Seal", subfilter=SigSeedSubFilter.PADES)
        signed = sign_pdf(IncrementalPdfFileWriter(BytesIO(pdf)), metadata, signer=signer)
        return bytes(signed.getbuffer())

    return pipeline


def _rsa_p12() -> bytes:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "bench")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    encryption = BestAvailableEncryption(PASSPHRASE)
    return pkcs12.serialize_key_and_certificates(b"bench", key, certificate, None, encryption)


@contextmanager
def _chromium(subject: Subject) -> Iterator[tuple[Callable[[], bytes], Callable[[], bytes]]]:
    """A warm browser that prints the same HTML with the same style sheet, without tags and with.

    It seals nothing.

    It lives in a thread of its own: Playwright keeps an event loop running where it was started,
    and pyHanko cannot seal in one.
    """
    style = (subject.workshop.settings.root / "static" / "print.css").read_text(encoding="utf-8")
    html = subject.html().replace("</head>", f"<style>{style}</style></head>")
    with ThreadPoolExecutor(max_workers=1) as thread:
        playwright = thread.submit(lambda: sync_playwright().start()).result()
        browser = thread.submit(
            lambda: playwright.chromium.launch(
                executable_path=which("chromium"), args=CHROMIUM_ARGUMENTS
            )
        ).result()
        page = thread.submit(browser.new_page).result()

        def print_page(tagged: bool) -> bytes:
            page.set_content(html)
            return bytes(page.pdf(prefer_css_page_size=True, tagged=tagged))

        yield (
            lambda: thread.submit(print_page, False).result(),
            lambda: thread.submit(print_page, True).result(),
        )
        thread.submit(browser.close).result()
        thread.submit(playwright.stop).result()


def _verification(subject: Subject) -> Callable[[], object]:
    """The verification page's server time, through the whole application."""
    application = create_app(subject.workshop.settings)
    application.config["RATELIMIT_ENABLED"] = False
    client: FlaskClient = application.test_client()
    address = f"/v/{subject.record.token}"

    def visit() -> object:
        answer = client.get(address)
        if answer.status_code != 200:
            raise RuntimeError(f"the verification page answered {answer.status_code}")
        return answer.data

    return visit


def _memory(subject: Subject, documents: int) -> dict[int, float]:
    """Resident megabytes of a forked worker that issues documents one after another."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        with os.fdopen(writing, "w") as pipe:
            _issue_many(subject, documents, pipe.write)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        lines = [line.split() for line in pipe]
    os.waitpid(child, 0)
    return {int(count): float(size) for count, size in lines}


def _issue_many(subject: Subject, documents: int, tell: Callable[[str], object]) -> None:
    gc.freeze()
    step = max(documents // 5, 1)
    for count in range(1, documents + 1):
        issuing.issue(
            subject.workshop,
            subject.edition,
            subject.answers,
            output=OUTPUT,
            actor=subject.actor,
            now=datetime.now(UTC),
        )
        if count % step == 0:
            tell(f"{count} {_resident_megabytes()}\n")


def _resident_megabytes() -> float:
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("/proc/self/status names no VmRSS")
