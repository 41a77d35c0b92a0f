"""Persons sign in their order with their own key or one of the server; nobody else's is taken."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from forms_server.documents.checking import check_pdf
from forms_server.documents.signing_keys import KeptKey
from forms_server.documents.tokens import close_tokens
from forms_server.errors import FormsServerError
from forms_server.services import signatures
from forms_server.services.acceptance import accept_cms
from forms_server.services.accounts import Actor, SignerRequest, set_signer
from forms_server.services.signatures import (
    LONGEST_REASON,
    PREPARATION_LASTS,
    Party,
    complete_signature,
    document_of,
    name_signer,
    overview,
    party_of,
    prepare_signature,
    refuse_signature,
    sign_by_hand,
    sign_on_server,
)
from forms_server.services.signing_lists import Stage, progress_of
from forms_server.services.withdrawing import annul
from forms_server.services.workshop import Workshop
from forms_server.storage.records import (
    DocumentRecord,
    FileKind,
    NewFile,
    SignatureState,
    TimeStampState,
)
from forms_server.trust_settings import SealLevel
from tests.authority import make_authority
from tests.ncanode import NcaNode, serving_ncanode
from tests.responders import Responders, serving_responders
from tests.signers import (
    AUTHENTICATION,
    BIN,
    EMPLOYEE,
    IIN,
    OTHER_IIN,
    RIGHT_TO_SIGN,
    Person,
    as_gost,
    make_person,
    sign_with_openssl,
)
from tests.tokens import CONFIGURATION, add_key, configure, make_token, softhsm_module
from tests.workshop import NOW, actor_in, issue_sample, opened, settings_in, stranger_in

SHEET, PROGRAMME, NOTIFICATION = "assistance-09", "mse-12", "assistance-05"
ANNULLED = {"reason": "Образец", "now": NOW}


@dataclass(slots=True)
class Signing:
    """A workshop, the services of its authorities, and a folder to sign in."""

    workshop: Workshop
    responders: Responders
    folder: Path

    def person(self, **told: object) -> KeptKey:
        """A key of a person whose certificate can be asked about."""
        address = f"{self.responders.url}/issuing.crl"
        person = Person(**{"revocation_list": address, **told})  # type: ignore[arg-type]
        return make_person(self.responders.issuing, NOW, person)

    def issue(self, form_id: str = SHEET) -> DocumentRecord:
        return issue_sample(self.workshop, form_id, output="ru")

    def parties(self, document: DocumentRecord) -> tuple[Party, ...]:
        return overview(self.workshop, document)

    def named(self, **numbers: str) -> str:
        """The link of an assistant whose number is known."""
        token = self.parties(self.issue())[0].token
        clerk = actor_in(self.workshop, "clerk")
        name_signer(self.workshop, token, **(numbers or {"iin": IIN}), actor=clerk, now=NOW)  # type: ignore[arg-type]
        return token

    def prepare(self, token: str) -> bytes:
        preparation = prepare_signature(self.workshop, token, now=NOW)
        return base64.b64decode(preparation.content_base64)

    def sign(self, key: KeptKey, content: bytes, *options: str) -> bytes:
        return sign_with_openssl(key, content, self.folder, *options)

    def complete(self, token: str, cms: bytes, actor: Actor | None = None) -> Party:
        return complete_signature(self.workshop, token, cms, now=NOW, actor=actor)

    def give(self, token: str, key: KeptKey | None = None) -> Party:
        return self.complete(token, self.sign(key or self.person(), self.prepare(token)))


@pytest.fixture(scope="module")
def responders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Responders]:
    with serving_responders(tmp_path_factory.mktemp("responders"), NOW) as serving:
        yield serving


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    configure(tmp_path_factory.mktemp("tokens"))
    yield
    close_tokens()
    del os.environ[CONFIGURATION]


@pytest.fixture(scope="module")
def signing(
    responders: Responders, tokens: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Signing]:
    folder = tmp_path_factory.mktemp("signing")
    authorities = folder / "authorities.pem"
    known = (responders.root.certificate, responders.issuing.certificate)
    authorities.write_bytes(b"".join(one.public_bytes(Encoding.PEM) for one in known))
    settings = settings_in(
        folder / "home",
        FORMS_SERVER_PERSON_AUTHORITIES_FILE=str(authorities),
        FORMS_SERVER_PKCS11_MODULE=str(softhsm_module()),
        FORMS_SERVER_PERSONS_TOKEN="person-{label}",  # noqa: S106
    )
    with opened(settings) as workshop:
        yield Signing(workshop, responders, folder)


@pytest.fixture(autouse=True)
def _behave(responders: Responders) -> None:
    responders.behave()


def refused(function: Callable[..., object], *given: object, **named: object) -> str:
    with pytest.raises(FormsServerError) as refusal:
        function(*given, **named)
    for language in ("kk", "ru", "en"):
        assert refusal.value.say(language)
    return refusal.value.code


def states(signing: Signing, document: DocumentRecord) -> list[SignatureState]:
    return [party.state for party in signing.parties(document)]


def account_with(signing: Signing, login: str, **told: str) -> None:
    account = signing.workshop.records.accounts.by_login(login)
    assert account is not None
    set_signer(
        signing.workshop.records,
        actor_in(signing.workshop, "administrator"),
        account_id=account.id,
        request=SignerRequest(**told),
        now=NOW,
    )


# -- who signs, in which order --------------------------------------------------------------------


def test_parties_stand_in_order_with_what_the_answers_tell_of_them(signing: Signing) -> None:
    assistant, recipient = signing.parties(signing.issue())
    assert (assistant.is_next, assistant.is_named) == (True, False)
    assert (recipient.is_next, recipient.is_named, recipient.is_fixed) == (False, True, True)
    assert recipient.record.expected_iin == IIN
    assert assistant.name.startswith("Образцов ")
    assert assistant.masked_name.startswith("О*** ")
    assert assistant.name not in repr(assistant)


def test_most_forms_wait_for_nobody(signing: Signing) -> None:
    assert signing.parties(signing.issue("assistance-06")) == ()


def test_two_sign_in_turn(signing: Signing) -> None:
    document = signing.issue()
    first, second = (party.token for party in signing.parties(document))
    clerk = actor_in(signing.workshop, "clerk")
    name_signer(signing.workshop, first, iin=" 0000-0000-0010 ", actor=clerk, now=NOW)
    assert refused(signing.prepare, second) == "signature-not-yet"
    signing.give(first, signing.person(iin=OTHER_IIN, rsa=True))
    signing.give(second)
    assert states(signing, document) == [SignatureState.SIGNED] * 2
    newest, pdf = document_of(signing.workshop, second)
    report = check_pdf(pdf, trusted=signing.workshop.trusted, at=NOW)
    assert all(facts.intact and facts.valid for facts in report.signatures)
    assert all(facts.covers_whole_file for facts in report.signatures)
    assert len(report.signatures) == 3
    kinds = [file.kind for file in signing.workshop.records.files.of_document(document.id)]
    assert kinds == [FileKind.SEALED, FileKind.SIGNED, FileKind.SIGNED]
    assert signing.workshop.records.documents.by_pdf_sha256(document.pdf_sha256 or "") == newest


def test_the_trail_tells_of_signatures_without_numbers_and_names(signing: Signing) -> None:
    signing.give(signing.named())
    told = signing.workshop.records.events.recent(limit=100)
    assert {"signer-named", "document-signed"} <= {event.kind for event in told}
    text = json.dumps([dict(event.detail) for event in told], ensure_ascii=False)
    assert IIN not in text
    assert "ҮЛГІЕВА" not in text


def test_whoever_is_not_known_is_named_first(signing: Signing) -> None:
    assert refused(signing.prepare, signing.parties(signing.issue())[0].token) == "signer-not-named"


def test_a_link_that_does_not_exist(signing: Signing) -> None:
    assert refused(party_of, signing.workshop, "A" * 22) == "signature-missing"
    assert refused(signing.prepare, "A" * 22) == "signature-missing"


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ({"iin": "000000000001"}, "signer-iin-wrong"),
        ({"iin": "12345"}, "signer-iin-wrong"),
        ({"bin_": "000140000003"}, "signer-bin-wrong"),
        ({}, "signer-number-missing"),
    ],
)
def test_numbers_that_cannot_be(signing: Signing, typed: dict[str, str], code: str) -> None:
    token = signing.parties(signing.issue())[0].token
    clerk = actor_in(signing.workshop, "clerk")
    assert refused(name_signer, signing.workshop, token, **typed, actor=clerk, now=NOW) == code


def test_who_may_not_be_named(signing: Signing) -> None:
    workshop, clerk = signing.workshop, actor_in(signing.workshop, "clerk")
    recipient = signing.parties(signing.issue())[1].token
    head = signing.parties(signing.issue(NOTIFICATION))[0].token
    for token in (recipient, head):
        assert (
            refused(name_signer, workshop, token, iin=IIN, actor=clerk, now=NOW) == "signer-fixed"
        )
    stranger = stranger_in(workshop, "clerk")
    told = {"iin": IIN, "actor": stranger, "now": NOW}
    assert refused(name_signer, workshop, recipient, **told) == "signature-missing"


# -- the person's own key -------------------------------------------------------------------------


def test_defects_of_certificates_have_their_codes(signing: Signing) -> None:
    """One document, tried by everybody whose key will not do, then signed by the right one."""
    token = signing.named()
    content = signing.prepare(token)
    revoked = signing.person()
    signing.responders.revoke(revoked.certificate, NOW - timedelta(days=1))
    stranger = make_authority(NOW, name="Nobody's authority")
    keys = {
        "cms-wrong-person": signing.person(iin=OTHER_IIN),
        "certificate-usage": signing.person(usages=AUTHENTICATION),
        "certificate-expired": signing.person(begins=timedelta(days=-9), lasts=timedelta(days=8)),
        "certificate-not-yet": signing.person(begins=timedelta(days=1)),
        "certificate-revoked": revoked,
        "certificate-untrusted": make_person(stranger, NOW),
    }
    for code, key in keys.items():
        assert refused(signing.complete, token, signing.sign(key, content)) == code
    nameless = signing.sign(signing.person(iin=None), content)
    assert refused(signing.complete, token, nameless) == "cms-wrong-person"
    assert signing.complete(token, signing.sign(signing.person(), content)).is_checked


def test_defects_of_the_cms_have_their_codes(signing: Signing) -> None:
    token = signing.named()
    content, key = signing.prepare(token), signing.person()
    assert refused(signing.complete, token, signing.sign(key, b"other")) == "cms-other-bytes"
    enclosed = signing.sign(key, content, "-md", "sha256", "-nodetach")
    assert refused(signing.complete, token, enclosed) == "cms-content"
    assert refused(signing.complete, token, b"A" * 200_000) == "cms-too-long"
    assert refused(signing.complete, token, b"NCALayer") == "cms-unreadable"


def test_a_revocation_that_nobody_tells_of(signing: Signing) -> None:
    token = signing.named()
    cms = signing.sign(signing.person(), signing.prepare(token))
    signing.responders.crl_mode = "down"
    assert refused(signing.complete, token, cms) == "revocation-unknown"


def test_a_clock_that_is_wrong(signing: Signing) -> None:
    token = signing.named()
    late = NOW + timedelta(hours=3)
    content = base64.b64decode(prepare_signature(signing.workshop, token, now=late).content_base64)
    cms = signing.sign(signing.person(), content)
    assert refused(complete_signature, signing.workshop, token, cms, now=late) == "cms-clock-wrong"


def test_an_organisation_is_signed_for_by_whoever_has_the_right(signing: Signing) -> None:
    token = signing.named(bin_=BIN)
    content = signing.prepare(token)
    employee = signing.person(iin=OTHER_IIN, bin=BIN, roles=EMPLOYEE)
    assert refused(signing.complete, token, signing.sign(employee, content)) == (
        "certificate-no-right"
    )
    person = signing.person(iin=OTHER_IIN)
    assert refused(signing.complete, token, signing.sign(person, content)) == "cms-wrong-person"
    head = signing.person(iin=OTHER_IIN, bin=BIN, roles=RIGHT_TO_SIGN)
    assert signing.complete(token, signing.sign(head, content)).state is SignatureState.SIGNED


def test_what_was_not_prepared_or_too_long_ago(signing: Signing) -> None:
    token = signing.named()
    assert refused(signing.complete, token, b"0") == "signature-not-prepared"
    cms = signing.sign(signing.person(), signing.prepare(token))
    late = NOW + PREPARATION_LASTS + timedelta(seconds=1)
    assert refused(complete_signature, signing.workshop, token, cms, now=late) == (
        "signature-outdated"
    )


def test_the_same_cms_twice_is_once_another_is_not(signing: Signing) -> None:
    token = signing.named()
    cms = signing.sign(signing.person(), signing.prepare(token))
    first = signing.complete(token, cms)
    assert signing.complete(token, base64.encodebytes(cms)) == first
    other = signing.sign(signing.person(), b"other")
    assert refused(signing.complete, token, other) == "signature-settled"
    assert refused(signing.prepare, token) == "signature-settled"


def test_two_clicks_at_once_sign_once(signing: Signing) -> None:
    token = signing.named()
    cms = signing.sign(signing.person(), signing.prepare(token))
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _: signing.complete(token, cms), range(4)))
    assert all(party.state is SignatureState.SIGNED for party in done)
    files = signing.workshop.records.files.of_document(done[0].record.document_id)
    assert [file.kind for file in files] == [FileKind.SEALED, FileKind.SIGNED]


def test_two_tabs_the_later_preparation_counts(signing: Signing) -> None:
    token = signing.named()
    first = signing.sign(signing.person(), signing.prepare(token))
    second = prepare_signature(signing.workshop, token, now=NOW + timedelta(seconds=1))
    assert refused(signing.complete, token, first) in {"cms-other-bytes", "signature-outdated"}
    cms = signing.sign(signing.person(), base64.b64decode(second.content_base64))
    done = complete_signature(signing.workshop, token, cms, now=NOW + timedelta(seconds=2))
    assert done.state is SignatureState.SIGNED


def test_two_signers_at_once_the_slower_prepares_again(signing: Signing) -> None:
    """Of the programme the head is required, the two that come later are not."""
    account_with(signing, "head", iin=IIN)
    head = actor_in(signing.workshop, "head")
    document = signing.issue(PROGRAMME)
    first, second, third = (party.token for party in signing.parties(document))
    workshop, key = signing.workshop, signing.person()
    name_signer(workshop, second, iin=IIN, actor=actor_in(workshop, "clerk"), now=NOW)

    def prepared(token: str) -> bytes:
        told = prepare_signature(workshop, token, now=NOW, actor=head)
        return signing.sign(key, base64.b64decode(told.content_base64))

    signing.complete(first, prepared(first), head)
    slower, quicker = prepared(second), prepared(third)
    signing.complete(third, quicker, head)
    assert refused(signing.complete, second, slower) == "signature-outdated"
    signing.complete(second, prepared(second))
    assert states(signing, document) == [SignatureState.SIGNED] * 3


def test_a_time_stamp_between_the_steps(signing: Signing) -> None:
    token = signing.named()
    cms = signing.sign(signing.person(), signing.prepare(token))
    document, pdf = document_of(signing.workshop, token)
    stamped = NewFile(
        kind=FileKind.TIME_STAMPED,
        follows=document.pdf_sha256 or "",
        sha256=signing.workshop.blobs.put(pdf + b"\n% as if stamped\n"),
        added_at=NOW,
        time_stamp=TimeStampState.DONE,
    )
    signing.workshop.records.files.add(document.id, stamped)
    assert refused(signing.complete, token, cms) == "signature-outdated"


def test_a_level_that_is_wanted_is_pending_again(signing: Signing) -> None:
    settings = signing.workshop.settings
    wanting = replace(settings, trust=replace(settings.trust, level=SealLevel.B_T))
    workshop = replace(signing.workshop, settings=wanting)
    token = signing.named()
    cms = signing.sign(signing.person(), signing.prepare(token))
    complete_signature(workshop, token, cms, now=NOW)
    assert document_of(workshop, token)[0].time_stamp is TimeStampState.PENDING


# -- GOST -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def ncanode() -> Iterator[NcaNode]:
    with serving_ncanode() as node:
        yield node


def gost(signing: Signing, token: str, key: KeptKey | None = None) -> bytes:
    """Signed bytes whatever, algorithms by the names of GOST."""
    signing.prepare(token)
    return as_gost(signing.sign(key or signing.person(), b"a digest that only GOST could tell"))


def asking(signing: Signing, node: NcaNode, says: str = "") -> Workshop:
    node.says = says
    node.questions.clear()
    trust = replace(signing.workshop.settings.trust, ncanode_url=f"{node.url}/")
    return replace(signing.workshop, settings=replace(signing.workshop.settings, trust=trust))


def test_gost_with_nobody_to_ask_is_there_and_not_checked(signing: Signing) -> None:
    token = signing.named()
    party = signing.complete(token, gost(signing, token))
    assert (party.state, party.is_checked) == (SignatureState.SIGNED, False)
    assert party.record.algorithm == "ГОСТ 34.10-2015 (512)"


def test_gost_of_another_person_or_out_of_force_is_refused_all_the_same(signing: Signing) -> None:
    token = signing.named()
    other = gost(signing, token, signing.person(iin=OTHER_IIN))
    assert refused(signing.complete, token, other) == "cms-wrong-person"
    old = signing.person(begins=timedelta(days=-9), lasts=timedelta(days=8))
    assert refused(signing.complete, token, gost(signing, token, old)) == "certificate-expired"
    signing_in = signing.person(usages=AUTHENTICATION)
    assert refused(signing.complete, token, gost(signing, token, signing_in)) == "certificate-usage"


def test_gost_that_ncanode_finds_valid_is_checked(signing: Signing, ncanode: NcaNode) -> None:
    workshop, token = asking(signing, ncanode), signing.named()
    cms = gost(signing, token)
    content = signing.prepare(token)
    assert complete_signature(workshop, token, cms, now=NOW).is_checked
    (question,) = ncanode.questions
    assert question["revocationCheck"] == ["OCSP", "CRL"]
    assert base64.b64decode(question["data"]) == content


def test_with_no_authorities_nobody_is_believed(signing: Signing) -> None:
    """Also not whom nobody could check: what any program can make up would stop a document."""
    workshop, token = replace(signing.workshop, person_authorities=()), signing.named()
    cms = signing.sign(signing.person(), signing.prepare(token))
    for given in (cms, gost(signing, token)):
        code = refused(complete_signature, workshop, token, given, now=NOW)
        assert code in {"certificate-untrusted", "cms-other-bytes"}
    assert party_of(workshop, token).state is SignatureState.WAITING


def test_gost_by_an_authority_that_nobody_named(signing: Signing) -> None:
    token = signing.named()
    stranger = make_person(make_authority(NOW, name="Another"), NOW)
    assert refused(signing.complete, token, gost(signing, token, stranger)) == (
        "certificate-untrusted"
    )


def test_an_unchecked_signature_is_told_apart_in_lists(signing: Signing) -> None:
    document = signing.issue()
    first, second = (party.token for party in signing.parties(document))
    clerk = actor_in(signing.workshop, "clerk")
    name_signer(signing.workshop, first, iin=IIN, actor=clerk, now=NOW)
    signing.complete(first, gost(signing, first))
    assert progress_of(signing.workshop, [document])[document.id].stage is Stage.NOT_CHECKED
    signing.give(second)
    assert progress_of(signing.workshop, [document])[document.id].stage is Stage.NOT_CHECKED


@pytest.mark.parametrize(
    ("says", "code"),
    [
        ("invalid", "cms-signature-wrong"),
        ("revoked", "cms-signature-wrong"),
        ("certificate-invalid", "cms-signature-wrong"),
        ("other-person", "cms-signature-wrong"),
        ("other-organisation", "cms-signature-wrong"),
        ("two-signers", "cms-signature-wrong"),
        ("refused", "cms-signature-wrong"),
        ("down", "ncanode-silent"),
        ("moved", "ncanode-silent"),
        ("nonsense", "ncanode-silent"),
        ("large", "ncanode-silent"),
    ],
)
def test_gost_that_ncanode_does_not_vouch_for(
    signing: Signing, ncanode: NcaNode, says: str, code: str
) -> None:
    workshop, token = asking(signing, ncanode, says), signing.named()
    cms = gost(signing, token)
    assert refused(complete_signature, workshop, token, cms, now=NOW) == code
    assert party_of(workshop, token).state is SignatureState.WAITING


# -- roles of the office, keys of the server ------------------------------------------------------


def test_a_role_signs_with_the_accounts_iin(signing: Signing) -> None:
    workshop = signing.workshop
    account_with(signing, "head", iin="")
    token = signing.parties(signing.issue(NOTIFICATION))[0].token
    clerk, head = actor_in(workshop, "clerk"), actor_in(workshop, "head")
    for actor in (None, clerk, stranger_in(workshop, "head")):
        assert refused(prepare_signature, workshop, token, now=NOW, actor=actor) == "signer-role"
    assert refused(prepare_signature, workshop, token, now=NOW, actor=head) == "signer-iin-missing"
    account_with(signing, "head", iin=OTHER_IIN)
    told = prepare_signature(workshop, token, now=NOW, actor=head)
    assert told.iin == OTHER_IIN
    content = base64.b64decode(told.content_base64)
    other = signing.sign(signing.person(), content)
    assert refused(signing.complete, token, other, head) == "cms-wrong-person"
    key = signing.person(iin=OTHER_IIN)
    assert refused(signing.complete, token, signing.sign(key, content)) == "signer-role"
    done = complete_signature(workshop, token, signing.sign(key, content), now=NOW, actor=head)
    assert (done.state, done.way) == (SignatureState.SIGNED, "own-key")


def test_who_completes_is_who_prepared(signing: Signing) -> None:
    """Another head's account must not stand in the trail for whom the certificate names."""
    workshop, head = signing.workshop, actor_in(signing.workshop, "head")
    account_with(signing, "head", iin=OTHER_IIN)
    token = signing.parties(signing.issue(NOTIFICATION))[0].token
    told = prepare_signature(workshop, token, now=NOW, actor=head)
    cms = signing.sign(signing.person(iin=OTHER_IIN), base64.b64decode(told.content_base64))
    account_with(signing, "head", iin=IIN)
    assert refused(signing.complete, token, cms, head) == "signature-not-prepared"
    account_with(signing, "head", iin=OTHER_IIN)
    assert signing.complete(token, cms, head).state is SignatureState.SIGNED


def test_somebody_else_is_named_while_a_signature_is_checked(
    signing: Signing, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = signing.named()
    cms = signing.sign(signing.person(), signing.prepare(token))
    clerk = actor_in(signing.workshop, "clerk")

    def meanwhile(*given: object, **named: object) -> bool:
        checked = accept_cms(*given, **named)  # type: ignore[arg-type]
        name_signer(signing.workshop, token, iin=OTHER_IIN, actor=clerk, now=NOW)
        return checked

    monkeypatch.setattr(signatures, "accept_cms", meanwhile)
    assert refused(signing.complete, token, cms) == "signature-outdated"
    assert party_of(signing.workshop, token).state is SignatureState.WAITING


def test_a_key_that_the_server_keeps(signing: Signing) -> None:
    workshop, head = signing.workshop, actor_in(signing.workshop, "head")
    for label, iin in (("head-own", IIN), ("head-other", OTHER_IIN)):
        add_key(make_token(f"person-{label}", "1111"), signing.person(iin=iin), label=label)
    document = signing.issue(NOTIFICATION)
    token = signing.parties(document)[0].token

    def sign(pin: str = "1111", actor: object = head) -> object:
        return sign_on_server(workshop, token, pin=pin, actor=actor, now=NOW)  # type: ignore[arg-type]

    account_with(signing, "head", iin=IIN, key_label="")
    assert refused(sign) == "key-missing"
    account_with(signing, "head", key_label="nobody")
    assert refused(sign) == "key-missing"
    account_with(signing, "head", key_label="head-other")
    assert refused(sign) == "cms-wrong-person"
    account_with(signing, "head", key_label="head-own")
    assert refused(sign, "2222") == "key-pin-wrong"
    assert refused(sign, "") == "key-pin-wrong"
    assert refused(sign, actor=actor_in(workshop, "clerk")) == "signer-role"
    sign()
    (party,) = signing.parties(document)
    assert (party.state, party.way, party.is_checked) == (SignatureState.SIGNED, "server-key", True)
    report = check_pdf(document_of(workshop, token)[1], trusted=workshop.trusted, at=NOW)
    facts = report.signatures[-1]
    assert (facts.field_name, facts.intact, facts.valid) == ("head_signature", True, True)
    assert refused(sign) == "signature-settled"


# -- refusing, signing by hand, documents out of force ---------------------------------------------


def test_a_refusal_and_its_reason_are_seen_and_final(signing: Signing) -> None:
    document = signing.issue()
    first, second = (party.token for party in signing.parties(document))
    workshop = signing.workshop
    assert refused(refuse_signature, workshop, first, reason=" \n", now=NOW) == (
        "signature-reason-missing"
    )
    long = "я" * (LONGEST_REASON + 1)
    assert refused(refuse_signature, workshop, first, reason=long, now=NOW) == (
        "signature-reason-long"
    )
    refuse_signature(workshop, first, reason="  Часы\n неверны ", now=NOW)
    party = signing.parties(document)[0]
    assert (party.state, party.reason) == (SignatureState.REFUSED, "Часы неверны")
    assert refused(signing.prepare, second) == "signature-refused-before"
    assert refused(signing.prepare, first) == "signature-settled"


def test_only_the_role_refuses_for_itself(signing: Signing) -> None:
    token = signing.parties(signing.issue(NOTIFICATION))[0].token
    told = {"reason": "Образец", "now": NOW}
    assert refused(refuse_signature, signing.workshop, token, **told) == "signer-role"
    head = actor_in(signing.workshop, "head")
    refuse_signature(signing.workshop, token, reason="Образец", actor=head, now=NOW)


def test_either_way_may_be_by_hand(signing: Signing) -> None:
    workshop, clerk = signing.workshop, actor_in(signing.workshop, "clerk")
    document = signing.issue()
    first, second = (party.token for party in signing.parties(document))
    told = {"actor": clerk, "now": NOW}
    assert refused(sign_by_hand, workshop, second, **told) == "signature-not-yet"
    sign_by_hand(workshop, first, actor=clerk, now=NOW)
    assert refused(sign_by_hand, workshop, first, **told) == "signature-settled"
    assert signing.give(second).state is SignatureState.SIGNED
    programme = signing.parties(signing.issue(PROGRAMME))[0].token
    assert refused(sign_by_hand, workshop, programme, **told) == "signature-electronic-only"
    stranger = {"actor": stranger_in(workshop, "clerk"), "now": NOW}
    assert refused(sign_by_hand, workshop, programme, **stranger) == "signature-missing"


def test_an_annulled_document_is_not_signed(signing: Signing) -> None:
    token = signing.named()
    cms = signing.sign(signing.person(), signing.prepare(token))
    document, _ = document_of(signing.workshop, token)
    annul(signing.workshop, document.number, actor=actor_in(signing.workshop, "head"), **ANNULLED)  # type: ignore[arg-type]
    assert refused(signing.complete, token, cms) == "signature-not-in-force"
    assert refused(signing.prepare, token) == "signature-not-in-force"
    told = {"reason": "Образец", "now": NOW}
    assert refused(refuse_signature, signing.workshop, token, **told) == "signature-not-in-force"
    named = {"iin": OTHER_IIN, "actor": actor_in(signing.workshop, "clerk"), "now": NOW}
    assert refused(name_signer, signing.workshop, token, **named) == "signature-not-in-force"
    assert not any(party.is_next for party in signing.parties(document_of_token(signing, token)))


def document_of_token(signing: Signing, token: str) -> DocumentRecord:
    return document_of(signing.workshop, token)[0]
