"""The signer's pages: a secret link, what it shows to whom, what is taken and what is refused."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from forms_server.services.issuing import pdf_of
from forms_server.services.signatures import prepare_signature, sign_by_hand
from forms_server.services.withdrawing import annul
from forms_server.storage.records import DocumentRecord, SignatureState
from tests.ncalayer import sign_digest
from tests.signers import as_gost, sign_with_openssl
from tests.web.clerk import Clerk, signed_in
from tests.web.signing import JSON, Scene, csrf, make_scene, post, prepare, send, sha256
from tests.workshop import actor_in

LANGUAGES = ("kk", "ru", "en")
UNKNOWN = "x" * 22


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    made = make_scene(tmp_path_factory.mktemp("signing"))
    yield made
    made.workshop.records.close()


@pytest.fixture(scope="module")
def untouched(scene: Scene) -> DocumentRecord:
    """A document that no test signs."""
    return scene.issue()


@pytest.fixture
def document(scene: Scene) -> DocumentRecord:
    return scene.issue()


def states(scene: Scene, document: DocumentRecord) -> list[SignatureState]:
    return [party.state for party in scene.parties(document)]


# -- what the link shows ---------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_link_shows_the_document_and_who_signs(
    scene: Scene, untouched: DocumentRecord, language: str
) -> None:
    visitor = scene.visitor(language)
    first, second = scene.parties(untouched)
    visitor.open(f"/s/{first.token}")

    assert visitor.answer.status_code == 200
    assert untouched.number in visitor.text
    for party in (first, second):
        told = party.label.kk if language == "kk" else party.label.ru
        assert told in visitor.text
        assert party.name in visitor.text
    assert visitor.page.xpath("//*[@data-signing]")


def test_no_search_engine_and_no_browser_keeps_the_page(
    scene: Scene, untouched: DocumentRecord
) -> None:
    token = scene.tokens(untouched)[0]
    for address in (f"/s/{token}", f"/s/{token}/document.pdf", f"/s/{UNKNOWN}"):
        headers = scene.visitor().client.get(address).headers
        assert headers["Cache-Control"] == "no-store"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["X-Robots-Tag"] == "noindex, nofollow"


def test_ncalayer_may_be_spoken_to_from_these_pages_alone(
    scene: Scene, untouched: DocumentRecord
) -> None:
    visitor = scene.visitor()
    policy = visitor.open(f"/s/{scene.tokens(untouched)[0]}").headers["Content-Security-Policy"]
    elsewhere = visitor.open(f"/v/{untouched.token}").headers["Content-Security-Policy"]

    assert "connect-src 'self' wss://127.0.0.1:13579;" in policy
    assert "wss:" not in elsewhere
    assert "unsafe" not in policy


def test_the_link_gives_the_very_bytes_of_the_document(
    scene: Scene, untouched: DocumentRecord
) -> None:
    visitor = scene.visitor()
    shown = visitor.client.get(f"/s/{scene.tokens(untouched)[0]}/document.pdf")

    head = actor_in(scene.workshop, "head")
    assert shown.data == pdf_of(scene.workshop, untouched.number, actor=head)
    assert shown.mimetype == "application/pdf"


@pytest.mark.parametrize("path", ["", "/document.pdf"])
def test_a_link_that_does_not_exist_tells_nothing(
    scene: Scene, untouched: DocumentRecord, path: str
) -> None:
    for token in (UNKNOWN, untouched.token, "..", "%00", scene.tokens(untouched)[0][:-1]):
        assert scene.visitor().client.get(f"/s/{token}{path}").status_code == 404


@pytest.mark.parametrize("step", ["prepare", "signature", "refusal"])
def test_nothing_is_taken_on_a_link_that_does_not_exist(
    scene: Scene, untouched: DocumentRecord, step: str
) -> None:
    visitor = scene.visitor()
    token = csrf(visitor, scene.tokens(untouched)[0])
    answer = post(visitor.client, f"/s/{UNKNOWN}/{step}", token, cms="AAAA", reason="Себеп")
    assert answer.status_code == 404


@pytest.mark.parametrize("step", ["prepare", "signature", "refusal"])
def test_nothing_is_taken_from_another_site(
    scene: Scene, untouched: DocumentRecord, step: str
) -> None:
    address = f"/s/{scene.tokens(untouched)[0]}/{step}"
    answer = scene.visitor().client.post(address, data={"reason": "Себеп"})
    assert answer.status_code == 400
    assert states(scene, untouched) == [SignatureState.WAITING] * 2


# -- signing ---------------------------------------------------------------------------------------


def test_one_signs_after_the_other_and_all_see_it(scene: Scene, document: DocumentRecord) -> None:
    visitor = scene.visitor()
    first, second = scene.tokens(document)
    visitor.open(f"/s/{second}")
    assert "Пока не ваша очередь" in visitor.text
    assert not visitor.page.xpath("//*[@data-signing]")

    scene.sign(visitor, first, scene.assistant)
    assert "Вы подписали этот документ" in visitor.text
    visitor.open(f"/s/{second}")
    assert "Подписано электронно" in visitor.text
    assert "ҮЛГІБАЕВА АЙША" in visitor.text
    scene.sign(visitor, second, scene.recipient)

    assert states(scene, document) == [SignatureState.SIGNED] * 2
    assert "Вы подписали этот документ" in visitor.text


def test_out_of_turn_nothing_is_prepared(scene: Scene, untouched: DocumentRecord) -> None:
    visitor = scene.visitor()
    first, second = scene.tokens(untouched)
    answer = post(visitor.client, f"/s/{second}/prepare", csrf(visitor, first))
    assert answer.status_code == 409
    assert "ещё не подписал" in answer.text


def test_the_module_is_given_a_digest_and_takes_base64(
    scene: Scene, document: DocumentRecord
) -> None:
    visitor = scene.visitor()
    token = scene.tokens(document)[0]
    values = {"csrf_token": csrf(visitor, token), "what": "digest"}
    prepared = visitor.client.post(f"/s/{token}/prepare", data=values, headers=JSON).json
    assert prepared["digested"] is True

    cms = sign_digest(scene.assistant, base64.b64decode(prepared["data"]))
    values["cms"] = base64.b64encode(cms).decode()
    taken = visitor.client.post(f"/s/{token}/signature", data=values, headers=JSON)

    assert taken.json == {"address": f"/s/{token}"}
    assert states(scene, document)[0] is SignatureState.SIGNED


def test_the_bytes_and_the_digest_belong_together(scene: Scene, untouched: DocumentRecord) -> None:
    visitor = scene.visitor()
    token = scene.tokens(untouched)[0]
    now = datetime.now(UTC)
    told = prepare_signature(scene.workshop, token, now=now)
    assert sha256(base64.b64decode(told.content_base64)) == base64.b64decode(told.digest_base64)
    assert len(prepare(visitor, token, "digest").data) == 32
    sent = prepare(visitor, token)
    assert sent.headers["Content-Disposition"].startswith("attachment")
    assert sent.mimetype == "application/octet-stream"


def test_sending_twice_is_once(scene: Scene, document: DocumentRecord) -> None:
    visitor = scene.visitor()
    token = scene.tokens(document)[0]
    cms = sign_with_openssl(scene.assistant, prepare(visitor, token).data, scene.folder)
    values = {"csrf_token": csrf(visitor, token), "cms": base64.b64encode(cms).decode()}
    answers = [
        visitor.client.post(f"/s/{token}/signature", data=values, headers=JSON).status_code
        for _ in range(2)
    ]
    assert answers == [200, 200]
    assert len(scene.workshop.records.files.of_document(document.id)) == 2


def test_another_persons_key_is_refused_in_words(scene: Scene, document: DocumentRecord) -> None:
    visitor = scene.visitor()
    scene.sign(visitor, scene.tokens(document)[0], scene.recipient)
    assert visitor.answer.status_code >= 400
    (message,) = visitor.page.xpath("//*[@id='cms--error']")
    assert message.text_content().strip()
    assert visitor.page.xpath("//*[contains(@class, 'error-summary')]//a[@href='#cms']")
    assert states(scene, document)[0] is SignatureState.WAITING


def test_a_signature_over_other_bytes_is_refused(scene: Scene, document: DocumentRecord) -> None:
    visitor = scene.visitor()
    token = scene.tokens(document)[0]
    prepare(visitor, token)
    send(visitor, token, sign_with_openssl(scene.assistant, b"other bytes", scene.folder))
    assert visitor.page.xpath("//*[@id='cms--error']")
    assert states(scene, document)[0] is SignatureState.WAITING


@pytest.mark.parametrize(
    "cms",
    [b"", b"no-cms", b"\x30\x82\xff\xff truncated", b"\x00" * 300_000],
    ids=["empty", "text", "truncated", "too-long"],
)
def test_what_is_no_cms_is_refused_with_a_page(
    scene: Scene, document: DocumentRecord, cms: bytes
) -> None:
    visitor = scene.visitor()
    token = scene.tokens(document)[0]
    prepare(visitor, token)
    answer = send(visitor, token, cms)
    assert answer.status_code == 422
    assert visitor.page.xpath("//*[@id='cms--error']")
    assert states(scene, document)[0] is SignatureState.WAITING


def test_a_body_of_megabytes_is_not_even_read(scene: Scene, untouched: DocumentRecord) -> None:
    length = 2 * 1024**2
    answer = scene.visitor().client.post(
        f"/s/{scene.tokens(untouched)[0]}/signature",
        input_stream=io.BytesIO(b"x" * length),
        content_length=length,
        content_type="multipart/form-data; boundary=x",
    )
    assert answer.status_code == 413


def test_whoever_is_not_named_cannot_sign(scene: Scene) -> None:
    visitor = scene.visitor()
    visitor.open(f"/s/{scene.tokens(scene.issue(named=False))[0]}")
    assert "Отдел ещё не указал, чей ключ принимается" in visitor.text
    assert not visitor.page.xpath("//*[@data-signing]")


def test_of_an_annulled_document_nothing_is_signed(scene: Scene, document: DocumentRecord) -> None:
    visitor = scene.visitor()
    token = scene.tokens(document)[0]
    csrf_token = csrf(visitor, token)
    head = actor_in(scene.workshop, "head")
    annul(scene.workshop, document.number, reason="Қате", actor=head, now=datetime.now(UTC))

    visitor.open(f"/s/{token}")
    assert "Документ аннулирован" in visitor.text
    assert not visitor.page.xpath("//*[@data-signing]")
    assert post(visitor.client, f"/s/{token}/prepare", csrf_token).status_code == 409


def test_what_is_signed_by_hand_is_no_longer_asked_for(
    scene: Scene, document: DocumentRecord
) -> None:
    visitor = scene.visitor()
    token = scene.tokens(document)[0]
    clerk = actor_in(scene.workshop, "clerk")
    sign_by_hand(scene.workshop, token, actor=clerk, now=datetime.now(UTC))
    visitor.open(f"/s/{token}")
    assert "Этот документ подписывается от руки" in visitor.text


# -- refusing --------------------------------------------------------------------------------------


def refuse(visitor: Clerk, token: str, reason: str) -> None:
    visitor.open(f"/s/{token}")
    visitor.press("", {"reason": reason}, form="//form[.//textarea[@name='reason']]")


def test_a_refusal_is_final_and_its_reason_is_for_the_parties(
    scene: Scene, document: DocumentRecord
) -> None:
    visitor = scene.visitor()
    first, second = scene.tokens(document)
    refuse(visitor, first, "Часы указаны неверно")
    assert "Вы отказались подписать" in visitor.text

    visitor.open(f"/s/{second}")
    assert "отказался" in visitor.text
    assert "Часы указаны неверно" in visitor.text
    visitor.open(f"/v/{document.token}")
    assert "Отказ от подписи" in visitor.text
    assert "Часы указаны неверно" not in visitor.text


@pytest.mark.parametrize("reason", ["", "   ", "ұзын " * 200], ids=["empty", "blank", "long"])
def test_a_refusal_needs_a_reason_and_a_short_one(
    scene: Scene, document: DocumentRecord, reason: str
) -> None:
    visitor = scene.visitor()
    refuse(visitor, scene.tokens(document)[0], reason)
    assert visitor.page.xpath("//*[@id='reason--error']")
    assert visitor.page.xpath("//details[@open]//textarea")
    assert states(scene, document)[0] is SignatureState.WAITING


# -- who else sees it ------------------------------------------------------------------------------


def test_the_public_sees_states_and_no_names(scene: Scene, document: DocumentRecord) -> None:
    visitor = scene.visitor("en")
    first, second = scene.parties(document)
    scene.sign(visitor, first.token, scene.assistant)
    visitor.open(f"/v/{document.token}")

    assert "Signatures of persons" in visitor.text
    assert "Signed electronically on" in visitor.text
    assert first.masked_name in visitor.text
    assert "ҮЛГІБАЕВА" not in visitor.text
    for party in (first, second):
        assert party.name not in visitor.text
        assert party.token not in visitor.answer.text


def test_a_document_that_nobody_signs_electronically_says_nothing_of_it(scene: Scene) -> None:
    from_nobody = scene.workshop.records.documents.recent(scene.workshop.office.id)
    visitor = scene.visitor("en")
    for document in from_nobody:
        if not scene.parties(document):
            visitor.open(f"/v/{document.token}")
            assert "Signatures of persons" not in visitor.text


def test_programs_and_lists_are_told_that_nobody_checked_it(
    scene: Scene, document: DocumentRecord
) -> None:
    visitor, token = scene.visitor(), scene.tokens(document)[0]
    prepare(visitor, token)
    cms = sign_with_openssl(scene.assistant, b"what only GOST could tell", scene.folder)
    send(visitor, token, as_gost(cms))
    told = visitor.client.get(f"/api/documents/{document.token}").get_json()["signatures"]
    assert [(each["state"], each["is_checked"]) for each in told] == [
        ("signed", False),
        ("waiting", None),
    ]
    clerk = signed_in(scene.office, "clerk", "ru")
    clerk.open(f"/documents/?number={document.number}")
    (tag,) = clerk.page.xpath("//p[@class='record-title']/span[contains(@class, 'tag')][2]")
    assert tag.get("class") == "tag tag-warning"
    assert tag.text == "Подпись есть, не проверена"


# -- limits ----------------------------------------------------------------------------------------


def test_attempts_on_a_link_are_counted_whoever_makes_them(
    scene: Scene, document: DocumentRecord
) -> None:
    visitor = scene.visitor()
    token = scene.tokens(document)[0]
    csrf_token = csrf(visitor, token)
    address = f"/s/{token}/signature"
    answers = [post(visitor.client, address, csrf_token, cms="x").status_code for _ in range(31)]
    assert set(answers[:30]) == {409}
    assert answers[30] == 429
    in_json = visitor.client.post(address, data={"csrf_token": csrf_token}, headers=JSON)
    assert in_json.json is not None
    assert in_json.json["code"] == "problem-too-often"


def test_a_page_that_was_open_for_too_long_is_told_to_its_module(
    scene: Scene, untouched: DocumentRecord
) -> None:
    """Not the page that sends on by itself what was typed, which no module can read."""
    visitor = scene.visitor()
    address = f"/s/{scene.tokens(untouched)[0]}/prepare"
    headers = {**JSON, "Sec-Fetch-Site": "same-origin"}
    answer = visitor.client.post(address, data={"what": "digest"}, headers=headers)
    assert (answer.status_code, answer.get_json()["code"]) == (400, "problem-stale")


def test_too_many_on_a_link_that_does_not_exist(scene: Scene, untouched: DocumentRecord) -> None:
    visitor = scene.visitor()
    csrf_token = csrf(visitor, scene.tokens(untouched)[0])
    address = f"/s/{'A' * 22}/refusal"
    answers = [post(visitor.client, address, csrf_token).status_code for _ in range(61)]
    assert set(answers[:60]) == {404}
    assert answers[60] == 429


def test_too_many_views_are_refused_with_a_page(scene: Scene, untouched: DocumentRecord) -> None:
    visitor = scene.visitor()
    address = f"/s/{scene.tokens(untouched)[0]}/document.pdf"
    answers = [visitor.client.get(address) for _ in range(121)]
    assert answers[-1].status_code == 429
    assert "problem-too-often" in answers[-1].text
