// Signs a document with NCALayer, the program on the signer's own computer: asks the server what is
// to be signed, has NCALayer sign it and sends the CMS back. The words stand in the page; this module
// shows one of its answers. The key and its password never come near the browser.

/* global NCALayerClient */

const PATIENCE = 10_000;
const SIGNING_KEYS = "1.3.6.1.5.5.7.3.4";
/** Codes that mean: what was signed is no longer what the server waits for. */
const OUTDATED = ["signature-outdated", "signature-not-prepared", "cms-other-bytes"];
/** What a GOST key causes where it was given a SHA-256 digest. */
const NEEDS_CONTENT = "cms-gost-digest";
/** No address: the client would look for another vendor's program, which our policy forbids. */
const NOWHERE = "https://:";

/** An answer of the page in place of a signature; `sentence` is what somebody else says. */
class Refusal extends Error {
  constructor(answer, { sentence = "", code = "" } = {}) {
    super(answer);
    Object.assign(this, { answer, sentence, code });
  }
}

function inTime(promise) {
  const late = new Promise((_, refuse) => setTimeout(refuse, PATIENCE, new Refusal("absent")));
  return Promise.race([promise, late]);
}

async function connect(address) {
  const client = new NCALayerClient(address, false);
  client.kmdHttpApiUrl = NOWHERE;
  try {
    await inTime(client.connect());
  } catch {
    client.wsConnection?.close();
    throw new Refusal("absent");
  }
  return client;
}

/** POST a form's values; the JSON that came back, or a `Refusal` with the server's sentence. */
async function send(address, values) {
  let answer, found;
  try {
    answer = await fetch(address, { method: "POST", body: values, headers: { Accept: "application/json" } });
    found = await answer.json();
  } catch {
    throw new Refusal("unreachable");
  }
  if (answer.ok) return found;
  const sentence = found.sentence ?? found.message?.[document.documentElement.lang];
  throw new Refusal("refused", { sentence, code: found.code });
}

/** Only a signing certificate of the person expected is offered; `chain` lets test ones pass. */
function signerOf({ iin, bin }, isTest) {
  const signer = { extKeyUsageOids: [SIGNING_KEYS] };
  if (iin) signer.iin = iin;
  if (bin) signer.bin = bin;
  if (isTest) signer.chain = [];
  return signer;
}

async function sign(client, prepared, isTest) {
  const how = { decode: true, encapsulate: false, digested: prepared.digested };
  const signer = signerOf(prepared, isTest);
  const locale = document.documentElement.lang;
  try {
    return await client.basicsSign(null, "cms", prepared.data, how, signer, locale, true);
  } catch (error) {
    if (error.canceledByUser) throw new Refusal("cancelled");
    throw new Refusal("failed", { sentence: error.message.replace(" (undefined)", "") });
  }
}

class Signing {
  constructor(place) {
    this.place = place;
    this.form = place.querySelector("[data-ncalayer-form]");
    this.button = this.form.querySelector("button");
    this.form.hidden = false;
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.run();
    });
  }

  show(answer, sentence = "") {
    for (const part of this.form.querySelectorAll("[data-when]")) {
      part.hidden = part.dataset.when !== answer;
      if (!part.hidden) for (const words of part.querySelectorAll("[data-sentence]")) words.textContent = sentence;
    }
    this.form.dataset.answer = answer;
  }

  values(more) {
    const values = new FormData(this.form);
    for (const [name, value] of Object.entries(more)) values.set(name, value);
    return values;
  }

  async run() {
    this.button.disabled = true;
    this.show("connecting");
    try {
      const client = await connect(this.place.dataset.ncalayer);
      try {
        location.assign(await this.signAndSend(client));
      } finally {
        client.wsConnection.close();
      }
    } catch (error) {
      this.show(error.answer ?? "failed", error.sentence ?? error.message);
      this.button.disabled = false;
      this.button.focus();
    }
  }

  /** The page to go to. What a first try was refused for may be mended by a second. */
  async signAndSend(client) {
    const what = this.form.querySelector("[data-content]").checked ? "content" : "digest";
    try {
      return await this.attempt(client, what, "choosing");
    } catch (error) {
      if (OUTDATED.includes(error.code)) return this.attempt(client, what, "again");
      if (error.code === NEEDS_CONTENT) return this.attempt(client, "content", "content");
      throw error;
    }
  }

  async attempt(client, what, answer) {
    this.show("preparing");
    const prepared = await send(this.place.dataset.prepare, this.values({ what }));
    this.show(answer);
    const cms = await sign(client, prepared, "test" in this.place.dataset);
    this.show("checking");
    const { address } = await send(this.place.dataset.signature, this.values({ cms }));
    return address;
  }
}

document.querySelectorAll("[data-signing]").forEach((place) => new Signing(place));
