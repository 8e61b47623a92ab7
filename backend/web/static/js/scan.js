// Reads the chosen picture here or sends a smaller one, or has a native shell scan; without scripts the form sends it.

import { BridgeError, bridge, codeIn } from "./bridge.js";

const form = document.getElementById("scan");
const said = document.getElementById("scan-said");

function follow(text) {
  let target = null;
  try {
    target = new URL(text);
  } catch {
    // Not an address at all.
  }
  if (target?.origin === window.location.origin) window.location.assign(target.pathname + target.search);
  else said.textContent = form.dataset.foreign;
}

form.addEventListener("submit", async (event) => {
  const [picture] = form.elements.picture.files;
  if (!picture) return;
  event.preventDefault();
  try {
    follow(await codeIn(picture));
  } catch (error) {
    if (!(error instanceof BridgeError)) throw error;
    form.submit(); // let the server try, and say what is wrong
  }
});

// In a shell the camera scans by itself: no picture is needed.
await bridge.ready;
if (bridge.can("scan.qr") === "shell") {
  form.elements.picture.addEventListener("click", async (event) => {
    event.preventDefault();
    try {
      follow((await bridge.call("scan.qr")).text);
    } catch (error) {
      if (error.code !== "cancelled") said.textContent = form.dataset.failed;
    }
  });
}
