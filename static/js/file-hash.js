// Compares a chosen or dropped PDF with what was issued, in the browser: only the file's SHA-256 is
// looked at. The file itself goes to the server when the person presses the button, and not before.

const LARGEST = 20 * 1024 * 1024;
const HEADER_ZONE = 1024;

/** SHA-256 of a file as lower-case hex. */
export async function hashFile(file) {
  const digest = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function isPdf(file) {
  const start = await file.slice(0, HEADER_ZONE).arrayBuffer();
  return new TextDecoder("latin1").decode(start).includes("%PDF-");
}

async function lookUp(lookup, hash) {
  const answer = await fetch(lookup + hash, { headers: { Accept: "application/json" } });
  if (!answer.ok) return { answer: "failed" };
  const { known, state, newest, address } = await answer.json();
  if (!known) return { answer: "different" };
  if (state === "annulled") return { answer: "annulled", address };
  return { answer: newest ? "same" : "earlier", address };
}

/** On the page of a document only its own files count; nobody is asked about the newest one. */
async function compare(hash, { lookup, sha256, withdrawn }) {
  if (!sha256) return lookUp(lookup, hash);
  if (hash === sha256) return { answer: withdrawn ? "annulled" : "same" };
  const { answer, address } = await lookUp(lookup, hash);
  const isOther = address && new URL(address, location).pathname !== location.pathname;
  return { answer: isOther ? "different" : answer };
}

/** One word for the file, and where its record is shown. */
async function judgeFile(file, known) {
  if (file.size > LARGEST) return { answer: "too-large" };
  if (!(await isPdf(file))) return { answer: "no-pdf" };
  try {
    return await compare(await hashFile(file), known);
  } catch {
    return { answer: "failed" };
  }
}

function showAnswer(form, { answer, address }) {
  for (const part of form.querySelectorAll("[data-when]")) part.hidden = part.dataset.when !== answer;
  form.dataset.answer = answer;
  for (const place of form.querySelectorAll("[data-file-link]")) {
    place.hidden = !address;
    if (address) place.querySelector("a").href = address;
  }
  const cannotBeSent = answer === "too-large" || answer === "no-pdf";
  for (const button of form.querySelectorAll("button")) button.disabled = cannotBeSent;
}

function watch(form) {
  const input = form.querySelector("input[type=file]");
  const check = async () => {
    const file = input.files[0];
    if (!file) return showAnswer(form, { answer: "" });
    showAnswer(form, { answer: "hashing" });
    const found = await judgeFile(file, form.dataset);
    if (input.files[0] === file) showAnswer(form, found);
  };
  input.addEventListener("change", check);
  for (const kind of ["dragenter", "dragover"]) {
    form.addEventListener(kind, (event) => {
      event.preventDefault();
      form.classList.add("drop-over");
    });
  }
  form.addEventListener("dragleave", () => form.classList.remove("drop-over"));
  form.addEventListener("drop", (event) => {
    event.preventDefault();
    form.classList.remove("drop-over");
    if (!event.dataTransfer.files.length) return;
    input.files = event.dataTransfer.files;
    check();
  });
}

document.querySelectorAll("form[data-file-check]").forEach(watch);
