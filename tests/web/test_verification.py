"""What a citizen is told: of a paper, of a code, of a file; and how fast."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
import weasyprint
from flask.testing import FlaskClient

from forms_server.documents.signing import Sealer
from forms_server.documents.signing_keys import KeptKey
from forms_server.services.accounts import Actor
from forms_server.services.issuing import data_of
from forms_server.services.withdrawing import annul
from forms_server.services.workshop import Workshop
from forms_server.storage.records import DocumentRecord
from tests.authority import make_authority, make_seal_keys, print_pdf
from tests.web.conftest import Post

REASON = "Қате жазылған <b>күн</b>"
VALID = {"kk": "Құжат жарамды", "ru": "Документ действителен", "en": "The document is valid"}


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
def test_a_valid_document(client: FlaskClient, document: DocumentRecord, language: str) -> None:
    answer = client.get(f"/v/{document.token}?lang={language}")

    assert answer.status_code == 200
    assert VALID[language] in answer.text
    assert document.number in answer.text
    assert document.masked_name in answer.text
    assert {"kk": "Әзірлеу кілті", "ru": "Ключ разработки", "en": "Development key"}[
        language
    ] in answer.text


def test_no_more_is_told_than_anybody_may_know(
    client: FlaskClient, document: DocumentRecord
) -> None:
    page = client.get(f"/v/{document.token}").text

    assert str(document.answers["iin"]) not in page
    assert str(document.answers["person"]["surname"]) not in page


@pytest.fixture
def annulled(
    workshop: Workshop, new_document: Callable[[], DocumentRecord], head: Actor
) -> DocumentRecord:
    now = datetime.now(UTC)
    return annul(workshop, new_document().number, reason=REASON, actor=head, now=now)


def test_an_annulled_document_says_when_and_why(
    client: FlaskClient, annulled: DocumentRecord
) -> None:
    page = client.get(f"/v/{annulled.token}?lang=ru").text

    assert "Документ аннулирован" in page
    assert VALID["ru"] not in page
    assert "Дата аннулирования" in page
    assert "Другая причина" in page
    assert "Қате жазылған" not in page


@pytest.mark.parametrize("token", ["xxxxxxxxxxxxxxxxxxxxxx", "a", "%D2%9B", "a" * 3000])
def test_an_unknown_document(client: FlaskClient, token: str) -> None:
    answer = client.get(f"/v/{token}?lang=ru")

    assert answer.status_code == 404
    assert "Такой документ не зарегистрирован" in answer.text


# -- the rest of a document -----------------------------------------------------------------------


def test_the_last_four_digits_open_the_rest(
    client: FlaskClient, document: DocumentRecord, post: Post
) -> None:
    address = f"/v/{document.token}"

    answer = post(client, address, {"iin_last4": f" {document.iin_last4} "}, page=address)

    assert answer.status_code == 200
    assert str(document.answers["person"]["surname"]) in answer.text
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("digits", ["", "9999", "қате", "0" * 500])
def test_wrong_digits_open_nothing(
    client: FlaskClient, document: DocumentRecord, post: Post, digits: str
) -> None:
    address = f"/v/{document.token}"

    answer = post(client, address, {"iin_last4": digits}, page=address)

    assert answer.status_code == 422
    assert 'id="iin-message"' in answer.text
    assert str(document.answers["person"]["surname"]) not in answer.text


def test_guessing_is_stopped_and_the_public_part_stays(
    client: FlaskClient, document: DocumentRecord, post: Post
) -> None:
    address = f"/v/{document.token}"
    guesses = [post(client, address, {"iin_last4": "9999"}, page=address) for _ in range(11)]

    assert [answer.status_code for answer in guesses] == [422] * 10 + [429]
    assert document.number in guesses[-1].text
    right = post(client, address, {"iin_last4": document.iin_last4}, page=address)
    assert right.status_code == 429


# -- the code -------------------------------------------------------------------------------------


def test_the_code_leads_to_the_document(
    client: FlaskClient, document: DocumentRecord, post: Post
) -> None:
    typed = document.short_code.lower().replace("-", " ")

    answer = post(client, "/verify/code", {"code": typed}, page="/verify")

    assert answer.location == f"/v/{document.token}"


@pytest.mark.parametrize(("code", "status"), [("00000-00000", 404), ("қате", 422), ("", 422)])
def test_a_code_that_leads_nowhere(client: FlaskClient, post: Post, code: str, status: int) -> None:
    answer = post(client, "/verify/code", {"code": code}, page="/verify")

    assert answer.status_code == status
    assert 'id="code-message"' in answer.text
    assert f'value="{code}"' in answer.text


def test_codes_cannot_be_tried_without_end(client: FlaskClient, post: Post) -> None:
    answers = [
        post(client, "/verify/code", {"code": "00000-00000"}, page="/verify") for _ in range(31)
    ]

    assert answers[-1].status_code == 429


# -- a file ---------------------------------------------------------------------------------------


def check(client: FlaskClient, post: Post, content: bytes, name: str = "a.pdf") -> tuple[int, str]:
    client.get("/verify?lang=ru")
    data = {"file": (io.BytesIO(content), name)}
    answer = post(client, "/verify/file", data, page="/verify")
    answer.request.environ["wsgi.input"].close()
    return answer.status_code, answer.text


def test_the_issued_file_is_genuine(client: FlaskClient, post: Post, pdf: bytes) -> None:
    status, page = check(client, post, pdf)

    assert status == 200
    assert "Файл подлинный, документ действует" in page
    assert "Подписанное не изменено" in page


def test_a_changed_file_is_named_altered(client: FlaskClient, post: Post, pdf: bytes) -> None:
    place = pdf.index(b"/Contents <") + 40
    changed = pdf[:place] + bytes([pdf[place] ^ 1]) + pdf[place + 1 :]

    _, page = check(client, post, changed)

    assert "Файл изменён" in page


def test_an_added_byte_is_an_altered_file(client: FlaskClient, post: Post, pdf: bytes) -> None:
    assert "Файл изменён" in check(client, post, pdf + b"\n% more\n")[1]


def test_an_annulled_file(
    client: FlaskClient, post: Post, workshop: Workshop, annulled: DocumentRecord
) -> None:
    assert annulled.blob_key

    _, page = check(client, post, workshop.blobs.get(annulled.blob_key))

    assert "Файл подлинный, но документ аннулирован" in page


def strange_pdf() -> bytes:
    pdf = weasyprint.HTML(string="<html lang=ru><title>A</title><p>A").write_pdf()
    assert isinstance(pdf, bytes)
    return pdf


def test_a_file_made_up_around_a_token_confirms_no_guess(
    client: FlaskClient, post: Post, workshop: Workshop, document: DocumentRecord
) -> None:
    """Which fields differ would tell what was guessed right: only the owner sees it."""
    guessed = data_of(workshop, document).replace(document.number.encode(), b"0")
    content = print_pdf(data_xml=guessed)

    _, closed = check(client, post, content)
    address = f"/v/{document.token}"
    post(client, address, {"iin_last4": document.iin_last4}, page=address)
    _, opened = check(client, post, content)

    words = ("Отличаются поля", "<td>0</td>")
    assert [word in closed for word in words] == [False, False]
    assert "Какие поля отличаются" in closed
    assert [word in opened for word in words] == [True, True]


def test_a_file_that_nobody_signed(client: FlaskClient, post: Post) -> None:
    assert "На файле нет печати" in check(client, post, strange_pdf())[1]


def test_a_file_that_somebody_else_signed(client: FlaskClient, post: Post) -> None:
    now = datetime.now(UTC)
    keys: KeptKey = make_seal_keys(make_authority(now), now)
    sealed = Sealer(keys).seal(strange_pdf(), reason="A", location="A", signed_at=now)

    _, page = check(client, post, sealed)

    assert "Этот документ здесь неизвестен" in page
    assert "Throw-away seal" in page


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"no pdf at all", "Этот файл не PDF"),
        (b"%PDF-1.7\nbroken", "PDF повреждён"),
        (b"%PDF-" + b"x" * (20 * 1024**2), "Файл слишком большой"),
    ],
)
def test_what_cannot_be_checked(
    client: FlaskClient, post: Post, content: bytes, words: str
) -> None:
    status, page = check(client, post, content, "<b>.pdf")

    assert status == 422
    assert words in page
    assert "&lt;b&gt;.pdf" in page


def test_no_file_is_no_problem_to_mend(client: FlaskClient, post: Post) -> None:
    answer = post(client, "/verify/file", {}, page="/verify")

    assert answer.status_code == 422
    assert 'id="file-message"' in answer.text


def test_a_hash_tells_whose_file_it_is(client: FlaskClient, document: DocumentRecord) -> None:
    known = client.get(f"/verify/hash/{document.pdf_sha256}").json
    unknown = client.get(f"/verify/hash/{'0' * 64}").json

    address = f"/v/{document.token}"
    assert known == {"known": True, "state": "issued", "newest": True, "address": address}
    assert unknown == {"known": False}


# -- without a network ----------------------------------------------------------------------------


def test_anybody_may_have_the_keys(client: FlaskClient) -> None:
    answer = client.get("/.well-known/jwks.json")

    assert answer.json
    assert answer.json["keys"][0]["crv"] == "P-256"
    assert not any("d" in key for key in answer.json["keys"])
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_the_page_that_a_phone_keeps_belongs_to_nobody(client: FlaskClient) -> None:
    answer = client.get("/v/offline?lang=kk")

    assert "csrf_token" not in answer.text
    assert not any(cookie.startswith("session=") for cookie in answer.headers.getlist("Set-Cookie"))


@pytest.mark.parametrize("address", ["/verify/code", "/verify/file"])
def test_a_reload_after_a_post_is_no_error(client: FlaskClient, address: str) -> None:
    assert client.get(address).location == "/verify"
