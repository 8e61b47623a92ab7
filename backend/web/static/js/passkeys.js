// Passkeys: the browser's half of the ceremonies. Without it the page offers the telephone instead.

const bytes = (text) =>
  Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (char) => char.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replace(/\+/g, "-")
    .replace(/\//g, "_")
    .replace(/=+$/, "");

// WebAuthn Level 3 has JSON in and out; browsers of before 2025 need it done by hand.
function readOptions(options) {
  const read = { ...options, challenge: bytes(options.challenge) };
  if (options.user) read.user = { ...options.user, id: bytes(options.user.id) };
  for (const list of ["excludeCredentials", "allowCredentials"]) {
    if (options[list]) read[list] = options[list].map((each) => ({ ...each, id: bytes(each.id) }));
  }
  return read;
}

function writeAnswer(credential) {
  const response = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (credential.response[name]) response[name] = text(credential.response[name]);
  }
  if (credential.response.getTransports) response.transports = credential.response.getTransports();
  return {
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    response,
    clientExtensionResults: credential.getClientExtensionResults(),
    authenticatorAttachment: credential.authenticatorAttachment ?? undefined,
  };
}

async function post(address, token, body) {
  const answer = await fetch(address, {
    method: "POST",
    headers: { "content-type": "application/json", "x-form-token": token },
    body: JSON.stringify(body ?? {}),
  });
  const found = answer.status === 204 ? {} : await answer.json();
  if (!answer.ok) throw new Error(`${found.detail} ${found.remedy}`);
  return found;
}

async function ceremony(form) {
  const { options, answer, kind, then } = form.dataset;
  const token = form.elements.form_token.value;
  const publicKey = readOptions(await post(options, token));
  const credential = await (kind === "create"
    ? navigator.credentials.create({ publicKey })
    : navigator.credentials.get({ publicKey }));
  const body = { answer: writeAnswer(credential) };
  if (form.elements.name) body.name = form.elements.name.value || form.elements.name.placeholder;
  await post(answer, token, body);
  if (then) window.location.assign(then);
  else confirmed(form);
}

// The page's own form waits below, as it was typed: what asked for the passkey has done its part.
function confirmed(form) {
  const done = document.createElement("p");
  done.setAttribute("role", "status");
  done.textContent = form.dataset.done;
  document.querySelector(".sg-verdict.sg-bad")?.remove();
  form.replaceChildren(done);
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  const said = form.querySelector("[role=alert]");
  if (!window.PublicKeyCredential) {
    said.textContent = form.dataset.missing;
    continue;
  }
  form.querySelector("button").disabled = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    said.textContent = "";
    try {
      await ceremony(form);
    } catch (error) {
      // The browser's own refusals (cancelled, timed out) say nothing that a person could use.
      said.textContent = error instanceof DOMException ? form.dataset.cancelled : error.message;
    }
  });
}
