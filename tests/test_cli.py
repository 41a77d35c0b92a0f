"""The command ``forms-server`` itself: what it says and how it ends."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from click.testing import CliRunner

from forms_server.cli import main
from tests.judges import ROOT, qpdf_check, xmllint_schema

RUN = "from forms_server.cli import main; main()"
Answer = subprocess.CompletedProcess[str]
Command = Callable[..., Answer]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("state")


def call(home: Path, *arguments: str | Path, **variables: str) -> Answer:
    """Run the command in this process, which has its libraries loaded, with its state in ``home``.

    What ends otherwise than a command ends is a traceback to whoever typed it, and fails the test.
    """
    given = tuple(map(str, arguments))
    environment = {"FORMS_SERVER_HOME": str(home), **variables}
    result = CliRunner().invoke(main, given, env=environment, prog_name="forms-server")
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Answer(given, result.exit_code, result.stdout, result.stderr)


def call_apart(home: Path, *arguments: str | Path, root: Path = ROOT, **variables: str) -> Answer:
    """The same in a process of its own, of the program that lies in ``root``."""
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    answer = subprocess.run(
        [sys.executable, "-c", RUN, *map(str, arguments)],
        cwd=root,
        env={**environment, "FORMS_SERVER_HOME": str(home), "PYTHONUTF8": "1", **variables},
        capture_output=True,
        check=False,
        encoding="utf-8",
    )
    assert "Traceback" not in answer.stderr, answer.stderr
    return answer


@pytest.fixture(scope="module")
def forms_server(home: Path) -> Command:
    return lambda *arguments, **more: call(home, *arguments, **more)


@pytest.fixture(scope="module")
def issued(forms_server: Command, home: Path) -> tuple[str, Path]:
    """A number and its file, from ``sample`` and ``issue``."""
    answers, target = home / "answers.json", home / "issued.pdf"
    sample = forms_server("sample", "assistance-06", "--language", "ru")
    assert sample.returncode == 0, sample.stderr
    answers.write_text(sample.stdout, "utf-8")
    answer = forms_server("issue", "assistance-06", answers, "--language", "kk", "-o", target)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout.strip(), target


def facts(answer: Answer) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(answer.stdout)
    return told


# -- forms and their specifications ---------------------------------------------------------------


def test_forms_are_listed(forms_server: Command) -> None:
    listed = json.loads(forms_server("forms", "--json").stdout)
    acts = next(form for form in listed if form["id"] == "assistance-08")
    assert acts["title"]["kk"]
    assert [edition["id"] for edition in acts["editions"]] == ["2021-03-03", "2021-12-06"]
    assert acts["editions"][0]["until"] == "2021-12-06"
    assert (acts["kind"], acts["original"], acts["translation"]) == ("act", "ru", "working")
    replaced, repealed = acts["editions"]
    assert (replaced["status"], replaced["repealed_by"]) == ("replaced", None)
    assert (repealed["status"], repealed["repealed_by"]) == ("repealed", "286")
    assert (repealed["edition"], repealed["order"], repealed["from"]) == (
        "2021-12-06",
        "458",
        "2021-12-06",
    )
    application = next(form for form in listed if form["id"] == "mse-01")
    assert application["editions"][0]["status"] == "in-force"
    said = forms_server("forms").stdout
    assert all(form["id"] in said for form in listed)


def test_the_installed_command_is_the_same(home: Path) -> None:
    command = shutil.which("forms-server", path=str(Path(sys.executable).parent))
    assert command, "make setup-tests"
    answer = subprocess.run(
        [command, "--version"], capture_output=True, check=True, encoding="utf-8"
    )
    assert re.search(r"\d+\.\d+", answer.stdout)


def test_our_specifications_are_in_order(forms_server: Command) -> None:
    answer = forms_server("check")
    assert answer.returncode == 0, answer.stderr
    assert "in order" in answer.stdout


@pytest.fixture
def broken_root(tmp_path: Path) -> Path:
    """The program and its forms in another place, to be spoilt."""
    for name in ("forms_server", "form_specs", "templates", "static"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def test_a_broken_specification_is_named(broken_root: Path, home: Path) -> None:
    path = broken_root / "form_specs" / "mse" / "01-application.xml"
    path.write_text(path.read_text("utf-8").replace('type="iin"', 'type="inn"'), "utf-8")
    answer = call_apart(home, "check", root=broken_root)
    assert answer.returncode == 1
    assert re.search(r"01-application\.xml:\d+: spec-unknown-type: .*“inn”", answer.stderr)
    answer = call_apart(home, "forms", root=broken_root)
    assert answer.returncode == 1
    assert "spec-unknown-type" in answer.stderr


def test_a_broken_template_is_named(broken_root: Path, home: Path) -> None:
    path = broken_root / "templates" / "kk" / "mse" / "01-application.html"
    path.write_text(path.read_text("utf-8").replace('line("phone")', 'line("phon")'), "utf-8")
    answer = call_apart(home, "check", root=broken_root)
    assert answer.returncode == 1
    assert re.search(r"01-application\.html:\d+: spec-template-broken: .*phon", answer.stderr)


def test_a_schema_is_printed_that_its_documents_meet(
    forms_server: Command, issued: tuple[str, Path], tmp_path: Path
) -> None:
    schema, data = tmp_path / "data.xsd", tmp_path / "data.xml"
    schema.write_text(forms_server("schema", "assistance-06").stdout, "utf-8")
    with pikepdf.open(issued[1]) as pdf:
        data.write_bytes(pdf.Root.AF[0].EF.F.read_bytes())
    xmllint_schema(data, schema)
    older = forms_server("schema", "assistance-08", "--edition", "2021-03-03").stdout
    assert "urn:forms-server:data:assistance-08:2021-03-03" in older


@pytest.mark.parametrize(
    "arguments",
    [("sample", "mse-99"), ("blank", "mse-99", "-o", "x.pdf")],
)
def test_an_unknown_form_is_named(forms_server: Command, arguments: tuple[str, ...]) -> None:
    answer = forms_server(*arguments)
    assert answer.returncode == 1
    assert "form-not-found" in answer.stderr
    assert "mse-99" in answer.stderr


def test_an_unknown_edition_is_named(forms_server: Command) -> None:
    answer = forms_server("sample", "mse-01", "--edition", "1999-01-01")
    assert answer.returncode == 1
    assert "edition-missing" in answer.stderr
    assert forms_server("sample", "mse-01", "--edition", "soon").returncode == 2


# -- blanks ---------------------------------------------------------------------------------------


def test_a_fillable_blank_of_an_edition_is_printed(forms_server: Command, tmp_path: Path) -> None:
    target = tmp_path / "blank.pdf"
    answer = forms_server(
        "blank", "assistance-08", "--language", "ru", "--fillable", "--edition", "2021-03-03",
        "-o", target,
    )  # fmt: skip
    assert answer.returncode == 0, answer.stderr
    qpdf_check(target)
    with pikepdf.open(target) as pdf:
        assert len(pdf.Root.AcroForm.Fields) > 5


def test_a_folder_that_is_not_there_is_told_before_anything_is_issued(
    forms_server: Command, issued: tuple[str, Path], home: Path, tmp_path: Path
) -> None:
    target = tmp_path / "nowhere" / "x.pdf"
    numbers = []
    for _ in range(2):
        again = forms_server(
            "issue", "assistance-06", home / "answers.json", "-o", tmp_path / "again.pdf"
        )
        numbers.append(int(again.stdout.strip()[-6:]))
        for command in (("blank", "mse-01"), ("issue", "assistance-06", home / "answers.json")):
            answer = forms_server(*command, "-o", target)
            assert answer.returncode == 2
            assert "nowhere" in answer.stderr
    assert numbers[1] == numbers[0] + 1, "no number was lost"


# -- issue, verify, annul -------------------------------------------------------------------------


def test_what_was_issued_verifies(forms_server: Command, issued: tuple[str, Path]) -> None:
    number, path = issued
    answer = forms_server("verify", path, "--json")
    assert answer.returncode == 0, answer.stderr
    told = facts(answer)
    assert told["number"] == number
    assert told["verdict"] == "valid"
    assert told["holds"] == dict.fromkeys(("sealed", "intact", "known", "newest", "in_force"), True)
    (signature,) = told["signatures"]
    assert signature["is_development"] is True
    said = forms_server("verify", path).stdout
    assert "verdict: valid" in said
    assert "in_force: yes" in said


def test_a_changed_byte_fails_and_the_fact_is_named(
    forms_server: Command, issued: tuple[str, Path], tmp_path: Path
) -> None:
    content = bytearray(issued[1].read_bytes())
    place = content.index(b"stream\n") + 40
    content[place] ^= 1
    path = tmp_path / "changed.pdf"
    path.write_bytes(content)
    answer = forms_server("verify", path)
    assert answer.returncode == 1
    assert "intact: NO" in answer.stdout or "broken" in answer.stdout


def test_a_byte_added_behind_the_seal_fails(
    forms_server: Command, issued: tuple[str, Path], tmp_path: Path
) -> None:
    path = tmp_path / "longer.pdf"
    path.write_bytes(issued[1].read_bytes() + b"\n")
    answer = forms_server("verify", path, "--json")
    assert answer.returncode == 1
    told = facts(answer)
    assert told["verdict"] == "altered"
    assert told["holds"]["intact"] is False
    assert told["holds"]["known"] is True


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7\n"])
def test_what_is_no_pdf_is_refused_in_words(
    forms_server: Command, tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "x.pdf"
    path.write_bytes(content)
    answer = forms_server("verify", path)
    assert answer.returncode == 1
    assert re.search(r"^(not-a-pdf|broken): \S", answer.stdout, flags=re.MULTILINE)


def test_a_blank_is_no_document(forms_server: Command, tmp_path: Path) -> None:
    path = tmp_path / "blank.pdf"
    forms_server("blank", "assistance-06", "-o", path)
    answer = forms_server("verify", path)
    assert answer.returncode == 1
    assert "sealed: NO" in answer.stdout
    assert "known: NO" in answer.stdout


def test_what_was_annulled_is_not_in_force(
    forms_server: Command, issued: tuple[str, Path], home: Path, tmp_path: Path
) -> None:
    path = tmp_path / "wrong.pdf"
    number = forms_server(
        "issue", "assistance-06", home / "answers.json", "-o", path
    ).stdout.strip()
    by_clerk = forms_server("annul", number, "--reason", "қате", "--as", "clerk")
    assert by_clerk.returncode == 1
    assert "not-allowed" in by_clerk.stderr
    assert forms_server("annul", number, "--reason", "қате").returncode == 0
    answer = forms_server("verify", path)
    assert answer.returncode == 1
    assert "in_force: NO" in answer.stdout
    assert "intact: yes" in answer.stdout
    twice = forms_server("annul", number, "--reason", "қате")
    assert twice.returncode == 1
    assert "document-already-annulled" in twice.stderr
    assert forms_server("verify", issued[1]).returncode == 0, "the other one stays"


def test_an_unknown_number_is_not_annulled(forms_server: Command) -> None:
    answer = forms_server("annul", "none", "--reason", "қате")
    assert answer.returncode == 1
    assert "document-not-found" in answer.stderr


# -- answers that are wrong -----------------------------------------------------------------------


@pytest.fixture
def issue(forms_server: Command, tmp_path: Path) -> Callable[..., Answer]:
    """Issue from this text; nothing may come of it."""

    def attempt(text: str | bytes, *more: str) -> Answer:
        path, target = tmp_path / "answers.json", tmp_path / "x.pdf"
        path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
        answer = forms_server("issue", "assistance-08", path, "-o", target, *more)
        assert answer.returncode == 1, answer.stdout
        assert not target.exists()
        return answer

    return attempt


@pytest.mark.parametrize(
    "text",
    ["{", "[" * 100_000, b"\xff\xfe\x00", '{"a": ' + "9" * 5000 + "}"],
    ids=["open", "deep", "bytes", "digits"],
)
def test_what_is_no_json_is_told(issue: Callable[..., Answer], text: str | bytes) -> None:
    assert "answers-not-json" in issue(text).stderr


def test_answers_may_not_be_huge(issue: Callable[..., Answer]) -> None:
    assert "answers-too-large" in issue(b'{"a": "' + b"x" * (5 * 1024 * 1024) + b'"}').stderr


@pytest.mark.parametrize("text", ["[]", "NaN"])
def test_answers_are_an_object(issue: Callable[..., Answer], text: str) -> None:
    assert "answers-not-an-object" in issue(text).stderr


def test_every_refusal_is_named_by_its_path(issue: Callable[..., Answer]) -> None:
    answers = {
        "colour": "red",
        "services": [{"hours": "x", "price": "-1"}, "row"],
        "first_day": "31.02.2025",
    }
    for language, word in (("kk", "күнтізбеде"), ("ru", "календаре")):
        said = issue(json.dumps(answers), "--language", language).stderr
        lines = dict(line.split(": ", 1) for line in said.splitlines() if ": " in line)
        assert {".", "services-0-hours", "services-0-price", "services-1", "first_day"} <= {*lines}
        assert word in lines["first_day"]


def test_half_a_letter_is_no_traceback(issue: Callable[..., Answer]) -> None:
    said = issue('{"\\ud800": "x", "number": "\\ud800", "first_day": "\\ud800"}').stderr
    assert "answer-unknown" in said
    assert "answer-control-characters" in said


# -- settings -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("FORMS_SERVER_PUBLIC_URL", "no address", "settings-public-url"),
        ("FORMS_SERVER_SEAL_KEY_FILE", "/nowhere", "settings-file-missing"),
        ("FORMS_SERVER_HOME", "/dev/null/state", "settings-home"),
        ("DATABASE_URL", "nonsense", "database-url"),
    ],
)
def test_a_wrong_setting_is_named(
    forms_server: Command, tmp_path: Path, *, name: str, value: str, code: str
) -> None:
    target = tmp_path / "x.pdf"
    answer = forms_server("blank", "assistance-06", "-o", target, **{name: value})
    assert answer.returncode == 1
    assert answer.stderr.startswith(f"{code}: ")
    assert not target.exists()


def test_check_and_bench_name_a_wrong_setting_too(forms_server: Command) -> None:
    for command in ("check", "bench", "serve"):
        answer = forms_server(command, FORMS_SERVER_PUBLIC_URL="no address")
        assert answer.returncode == 1
        assert "settings-public-url" in answer.stderr


def test_passwords_are_shown_once(tmp_path: Path) -> None:
    first = call(tmp_path / "new", "blank", "assistance-06", "-o", tmp_path / "a.pdf")
    assert [line.split()[0] for line in first.stderr.splitlines()] == [
        "clerk", "head", "administrator",
    ]  # fmt: skip
    second = call(tmp_path / "new", "blank", "assistance-06", "-o", tmp_path / "a.pdf")
    assert second.stderr == ""
    renewed = call(tmp_path / "new", "reset-password", "clerk")
    assert renewed.stdout.split()[0] == "clerk"
    unknown = call(tmp_path / "new", "reset-password", "nobody")
    assert unknown.returncode == 1
    assert "account-missing" in unknown.stderr


def test_an_account_is_told_whose_it_is(tmp_path: Path) -> None:
    home = tmp_path / "new"
    assert call(home, "account", "set", "head", "--iin", "000000000010").returncode == 0
    wrong = call(home, "account", "set", "head", "--iin", "000000000011")
    assert wrong.returncode == 1
    assert "signer-iin-wrong" in wrong.stderr
    assert "account-missing" in call(home, "account", "set", "nobody", "--iin", "").stderr


def test_the_audit_proves_what_was_issued(forms_server: Command, issued: tuple[str, Path]) -> None:
    answer = forms_server("audit", "verify", "--json")
    assert answer.returncode == 0, answer.stderr
    assert facts(answer)["holds"] is True
    assert facts(answer)["documents"] == facts(answer)["numbers_given"] > 0
    assert "trail_head: " in forms_server("audit", "verify").stdout


def test_the_audit_names_what_was_changed_and_ends_with_1(tmp_path: Path) -> None:
    home, copies = tmp_path / "home", tmp_path / "copies"
    made = call(home, "audit", "checkpoint")
    assert made.returncode == 0, made.stderr
    assert "signed: " in made.stdout
    assert "already signed: " in call(home, "audit", "checkpoint").stdout
    shutil.copytree(home / "checkpoints", copies)
    assert call(home, "audit", "verify", "--checkpoints", copies).returncode == 0
    (path,) = (home / "checkpoints").iterdir()
    path.write_text("forged")
    told = call(home, "audit", "verify", "--json", "--checkpoints", copies)
    assert told.returncode == 1
    (finding,) = facts(told)["findings"]
    assert (finding["code"], finding["where"]) == ("audit-checkpoint-forged", "folder")
    said = call(home, "audit", "verify")
    assert said.returncode == 1
    assert said.stderr.startswith("audit-checkpoint-forged: ")


def test_keys_are_listed_and_changed(tmp_path: Path) -> None:
    listed = call(tmp_path, "keys")
    assert listed.returncode == 0, listed.stderr
    assert re.search(r"^seal +P-256 +.*\(development\) until .* days left$", listed.stdout, re.M)
    renewed = call(tmp_path, "keys", "rotate-qr")
    assert "restart" in renewed.stdout
    kept = Path(call(tmp_path, "keys", "retire").stdout.strip())
    assert kept.parent == tmp_path / "keys" / "retired"
    told = json.loads(call(tmp_path, "keys", "--json").stdout)
    assert [key["use"] for key in told] == ["seal", "authority", "qr", "former-qr"]
    assert renewed.stdout.startswith(f"{told[2]['name']}: ")
    wrong = call(tmp_path, "keys", "retire", kept.with_name("nowhere.pem"))
    assert wrong.returncode == 2
