// Puts the service worker in charge and takes one out of charge that the server no longer wants.

const least = document.documentElement.dataset.pwaLeast;

function older(version, than) {
  const [left, right] = [version, than].map((text) => text.split(".").map(Number));
  for (let at = 0; at < Math.max(left.length, right.length); at += 1) {
    const difference = (left[at] ?? 0) - (right[at] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

// The one in charge may be too old to answer: then it counts as the oldest.
function inCharge(controller) {
  return new Promise((resolve) => {
    const channel = new MessageChannel();
    channel.port1.onmessage = (event) => resolve(String(event.data.client).split("/")[1] ?? "0");
    controller.postMessage("client", [channel.port2]);
    setTimeout(() => resolve("0"), 2000);
  });
}

async function replace(registration) {
  await registration.unregister();
  for (const name of await caches.keys()) if (name.startsWith("saegim-")) await caches.delete(name);
  if (!sessionStorage.getItem("saegim-replaced")) {
    sessionStorage.setItem("saegim-replaced", "yes");
    window.location.reload();
  }
}

async function install() {
  const { controller } = navigator.serviceWorker;
  const before = await navigator.serviceWorker.getRegistration("/");
  if (controller && before && least && older(await inCharge(controller), least)) {
    await replace(before);
    return;
  }
  await navigator.serviceWorker.register("/service-worker.js", { updateViaCache: "none" });
}

// Without it (private windows, in-app browsers, old browsers) the pages work all the same.
if (navigator.serviceWorker && window.isSecureContext) install().catch(() => {});
