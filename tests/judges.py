"""Independent judges: programs that are not ours say whether what we made is what we claim.

Each judge answers with a small frozen value or raises ``AssertionError`` in the program's own
words. A program that is missing is a failure that says how to install it, never a skip.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import zxingcpp
from lxml import etree
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
VERAPDF_JAR = ROOT / ".cache" / "verapdf.jar"
BY_METADATA = "0"
"""veraPDF's flavour for all that a file says of itself: it is read once for all of them."""
PROFILES = {"PDF/A-3A validation profile", "PDF/UA-1 validation profile"}
VERAPDF_CLASS = "org.verapdf.apps.GreenfieldCliWrapper"
PACKAGE_OF_PROGRAM = {
    "certutil": "libnss3-tools",
    "java": "default-jre-headless",
    "pdfsig": "poppler-utils",
    "pdftoppm": "poppler-utils",
    "pdftotext": "poppler-utils",
    "qpdf": "qpdf",
    "softhsm2-util": "softhsm2",
    "xmllint": "libxml2-utils",
}
SECONDS_TO_ANSWER = 300
NOT_SIGNED = "The signature form field is not signed."


@dataclass(frozen=True, slots=True)
class PdfSignature:
    """What ``pdfsig`` says of one signature, each fact by itself."""

    field: str
    signer: str
    kind: str
    digest: str
    time: str
    covers_whole_file: bool
    validity: str
    trust: str

    @property
    def is_valid(self) -> bool:
        """The signature is mathematically right for the bytes it covers."""
        return self.validity == "Signature is Valid."

    @property
    def is_trusted(self) -> bool:
        """The certificate leads to one that the given database trusts."""
        return self.trust == "Certificate is Trusted."


@dataclass(frozen=True, slots=True)
class PdfaVerdict:
    """What veraPDF says of one file; ``failures`` name the clause of each broken rule and why."""

    path: Path
    profile: str
    is_compliant: bool
    failures: tuple[str, ...]


# -- signatures -----------------------------------------------------------------------------------


def pdfsig(path: Path, nss_folder: Path | None = None) -> tuple[PdfSignature, ...]:
    """Signatures, oldest first; each must be valid, and trusted when a database is given.

    That an older signature covers only its own revision is as it should be; that the newest
    covers the whole file is demanded.
    """
    signatures = pdfsig_facts(path, nss_folder)
    words = "\n".join(map(str, signatures))
    assert all(signature.is_valid for signature in signatures), words
    assert nss_folder is None or all(signature.is_trusted for signature in signatures), words
    assert any(signature.covers_whole_file for signature in signatures), words
    return signatures


def pdfsig_facts(path: Path, nss_folder: Path | None = None) -> tuple[PdfSignature, ...]:
    """Signatures as ``pdfsig`` sees them, good or bad; there must be at least one.

    Fields that nobody has signed yet are told too, and left out here.
    """
    with tempfile.TemporaryDirectory() as made:
        database = f"sql:{nss_folder or _empty_nss_db(Path(made))}"
        # Not -no-ocsp: poppler 22.12 then trusts nobody ("Unknown issue with Certificate").
        answer = run("pdfsig", "-nssdir", database, str(path))
    words = answer.stdout + answer.stderr
    told = re.split(r"^Signature #\d+:$", answer.stdout, flags=re.MULTILINE)[1:]
    blocks = [block for block in told if NOT_SIGNED not in block]
    assert blocks, words
    return tuple(map(_signature, sorted(blocks, key=_end_of_signed_bytes)))


def trusted_nss_db(ca_pem: Path, folder: Path) -> Path:
    """Make a certificate database in ``folder`` that trusts the certificate; for ``pdfsig``."""
    _empty_nss_db(folder)
    trust = ("-n", "trusted", "-t", "CT,C,C", "-i", str(ca_pem))
    _succeed("certutil", "-A", "-d", f"sql:{folder}", *trust)
    return folder


def _empty_nss_db(folder: Path) -> Path:
    # Without a database pdfsig would ask this machine's Firefox, or find no algorithm at all.
    folder.mkdir(parents=True, exist_ok=True)
    _succeed("certutil", "-N", "-d", f"sql:{folder}", "--empty-password")
    return folder


def _end_of_signed_bytes(block: str) -> int:
    """``pdfsig`` tells them in the order of the fields: those of the page before the seal's."""
    return max(map(int, re.findall(r"- (\d+)\]", block)), default=0)


def _signature(block: str) -> PdfSignature:
    facts = dict(re.findall(r"^  - ([^:\n]+): (.*)$", block, flags=re.MULTILINE))
    return PdfSignature(
        field=facts.get("Signature Field Name", ""),
        signer=facts.get("Signer Certificate Common Name", ""),
        kind=facts.get("Signature Type", ""),
        digest=facts.get("Signing Hash Algorithm", ""),
        time=facts.get("Signing Time", ""),
        covers_whole_file="- Total document signed" in block,
        validity=facts.get("Signature Validation", ""),
        trust=facts.get("Certificate Validation", ""),
    )


# -- the file -------------------------------------------------------------------------------------


def qpdf_check(path: Path) -> str:
    """``qpdf --check`` finds neither an error nor a warning; its words."""
    return _succeed("qpdf", "--check", str(path)).stdout


def verapdf(path: Path, flavour: str = "3a") -> PdfaVerdict:
    """The file keeps to PDF/A (or ``ua1``); a JVM starts for it, so prefer ``verapdf_many``."""
    return verapdf_many([path], flavour)[0]


def verapdf_both(paths: Sequence[Path]) -> None:
    """Every file says that it keeps to PDF/A-3a and to PDF/UA-1, and keeps to both."""
    found = _judged(paths, BY_METADATA)
    for path in paths:
        assert {each.profile for each in found[path.resolve()]} == PROFILES, path.name
    _assert_compliant(verdict for verdicts in found.values() for verdict in verdicts)


def verapdf_many(paths: Sequence[Path], flavour: str = "3a") -> tuple[PdfaVerdict, ...]:
    """Every file keeps to the flavour, judged in one JVM; verdicts in the order of ``paths``."""
    verdicts = verapdf_verdicts(paths, flavour)
    _assert_compliant(verdicts)
    return verdicts


def verapdf_verdicts(paths: Sequence[Path], flavour: str = "3a") -> tuple[PdfaVerdict, ...]:
    """What veraPDF says of each file, good or bad."""
    found = _judged(paths, flavour)
    return tuple(verdict for path in paths for verdict in found[path.resolve()])


def _assert_compliant(verdicts: Iterable[PdfaVerdict]) -> None:
    broken = [verdict for verdict in verdicts if not verdict.is_compliant]
    assert not broken, "\n".join(
        f"{verdict.path.name} is not {verdict.profile}:\n  " + "\n  ".join(verdict.failures)
        for verdict in broken
    )


def _judged(paths: Sequence[Path], flavour: str) -> Mapping[Path, tuple[PdfaVerdict, ...]]:
    """The verdicts on each file, one for each profile."""
    assert VERAPDF_JAR.is_file(), "veraPDF is missing: make setup-tests"
    assert paths, "no file to judge"
    options = ("--flavour", flavour, "--format", "xml", "--nonpdfext")
    java = ("java", "-XX:+UseSerialGC", "-cp", str(VERAPDF_JAR), VERAPDF_CLASS)
    answer = run(*java, *options, *(str(path) for path in paths))
    assert answer.stdout.lstrip().startswith("<"), answer.stdout + answer.stderr
    jobs = etree.fromstring(answer.stdout.encode()).iter("job")
    return {Path(job.findtext("item/name", "")).resolve(): _verdicts(job) for job in jobs}


def _verdicts(job: etree._Element) -> tuple[PdfaVerdict, ...]:
    path = Path(job.findtext("item/name", ""))
    reports = job.findall("validationReport")
    if not reports:
        return (PdfaVerdict(path, "", False, (" ".join("".join(job.itertext()).split()),)),)
    return tuple(
        PdfaVerdict(
            path=path,
            profile=report.get("profileName", ""),
            is_compliant=report.get("isCompliant") == "true",
            failures=tuple(_broken_rules(report)),
        )
        for report in reports
    )


def _broken_rules(report: etree._Element) -> Iterator[str]:
    for rule in report.iter("rule"):
        if rule.get("status") == "failed":
            clause, count = rule.get("clause"), rule.get("failedChecks")
            where = rule.findtext("check/errorMessage", "")
            yield f"{clause} ({count} times): {rule.findtext('description')} {where}".strip()


# -- what a reader sees ---------------------------------------------------------------------------


def pdf_text(path: Path) -> str:
    """The text as a reader copies it, page after page, parted by form feeds."""
    return _succeed("pdftotext", "-enc", "UTF-8", "-layout", str(path), "-").stdout


def pdf_pages_png(path: Path, dpi: int, folder: Path | None = None) -> tuple[Path, ...]:
    """Each page as a picture, in ``folder`` or else beside the file."""
    folder = folder or path.parent
    folder.mkdir(parents=True, exist_ok=True)
    prefix = folder / f"{path.stem}-page"
    _succeed("pdftoppm", "-png", "-r", str(dpi), str(path), str(prefix))
    return tuple(sorted(folder.glob(f"{prefix.name}-*.png")))


def read_qr(page_png: Path) -> str:
    """What the one QR code in the picture says."""
    with Image.open(page_png) as picture:
        found = zxingcpp.read_barcodes(picture.convert("L"), formats=zxingcpp.BarcodeFormat.QRCode)
    texts = [code.text for code in found]
    assert len(texts) == 1, f"{page_png.name}: one QR code expected, found {texts}"
    return texts[0]


# -- data -----------------------------------------------------------------------------------------


def xmllint_schema(xml: Path, xsd: Path) -> str:
    """The XML is valid against the XSD; the program's words."""
    return _succeed("xmllint", "--nonet", "--noout", "--schema", str(xsd), str(xml)).stderr


# -- programs -------------------------------------------------------------------------------------


def run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a judge whatever it answers; a missing one fails with how to install it."""
    found = shutil.which(program)
    assert found, (
        f"{program} is missing: make setup-tests, "
        f"or install the Debian package {PACKAGE_OF_PROGRAM.get(program, program)}"
    )
    return subprocess.run(
        [found, *arguments],
        capture_output=True,
        check=False,
        encoding="utf-8",
        errors="replace",
        timeout=SECONDS_TO_ANSWER,
    )


def _succeed(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    answer = run(program, *arguments)
    assert answer.returncode == 0, f"{program}: {answer.stdout}{answer.stderr}"
    return answer
