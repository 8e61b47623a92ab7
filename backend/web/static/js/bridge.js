// The bridge to a native shell, with what a browser does instead. docs/native-bridge.md is its description.
//
//   import { bridge } from "/static/js/bridge.js";
//   await bridge.ready;                        // shell or no shell is known
//   bridge.can("scan.qr");                     // "shell", "browser" or "no"
//   const { text } = await bridge.call("scan.qr");
//
// A shell puts an object `saegimShell` into the page before its scripts run: `postMessage(text)` takes a request, and
// answers and events come back as "message" events of that same object. Messages of windows are never listened to.

const VERSION = 1;
const HELLO_WITHIN = 1500;
const ANSWER_WITHIN = 120000;

// What hands over something of the person, or acts in the person's name: only after the person has done something.
const BY_GESTURE = new Set(["health.read", "push.token", "scan.qr", "key.create", "key.sign", "share", "print", "open"]);

// One word for what went wrong, the same from a shell and from a browser; pages choose the sentence.
export class BridgeError extends Error {
  // code: unavailable | denied | cancelled | gesture | timeout | invalid | failed
  // instead: another function that serves the same end, if there is one
  constructor(code, instead = null) {
    super(code);
    this.name = "BridgeError";
    this.code = code;
    this.instead = instead;
  }
}

const CODES = new Set(["unavailable", "denied", "cancelled", "timeout", "invalid", "failed"]);

class Shell {
  constructor(port) {
    this.port = port;
    this.waiting = new Map();
    this.listeners = new Map();
    this.next = 1;
    port.addEventListener("message", (event) => this.heard(event.data));
  }

  ask(name, parameters, within) {
    const id = this.next;
    this.next += 1;
    const message = { saegim: VERSION, kind: "request", id, name, parameters, origin: window.location.origin };
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.settle(id, () => reject(new BridgeError("timeout"))), within);
      this.waiting.set(id, { resolve, reject, timer });
      this.port.postMessage(JSON.stringify(message));
    });
  }

  settle(id, how) {
    const waiting = this.waiting.get(id);
    if (!waiting) return;
    clearTimeout(waiting.timer);
    this.waiting.delete(id);
    how(waiting);
  }

  heard(data) {
    const message = read(data);
    if (!message) return;
    if (message.kind === "event") {
      for (const listener of this.listeners.get(message.name) ?? []) listener(message.data);
    } else if (message.error) {
      const code = CODES.has(message.error.code) ? message.error.code : "failed";
      this.settle(message.id, ({ reject }) => reject(new BridgeError(code)));
    } else {
      this.settle(message.id, ({ resolve }) => resolve(message.result));
    }
  }
}

// A message of this version, for this origin; anything else is not for us.
function read(data) {
  if (typeof data !== "string" || data.length > 5_000_000) return null;
  let message;
  try {
    message = JSON.parse(data);
  } catch {
    return null;
  }
  const ours = message?.saegim === VERSION && message.origin === window.location.origin;
  return ours && ["response", "event"].includes(message.kind) ? message : null;
}

// --- what a browser does instead; `instead` names the function to offer where it can do nothing

function picked(accept, capture) {
  return new Promise((resolve, reject) => {
    const input = document.createElement("input");
    input.type = "file";
    input.accept = accept;
    if (capture) input.capture = "environment";
    input.addEventListener("change", () => resolve(input.files[0]));
    input.addEventListener("cancel", () => reject(new BridgeError("cancelled")));
    input.click();
  });
}

async function detected(picture) {
  if (!("BarcodeDetector" in window)) return null;
  const formats = await window.BarcodeDetector.getSupportedFormats();
  if (!formats.includes("qr_code")) return null;
  const [found] = await new window.BarcodeDetector({ formats: ["qr_code"] }).detect(await createImageBitmap(picture));
  return found?.rawValue ?? null;
}

// Telephones take pictures of many megabytes; a code needs few.
async function smaller(picture) {
  const bitmap = await createImageBitmap(picture);
  const scale = Math.min(1, 1600 / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [Math.round(bitmap.width * scale), Math.round(bitmap.height * scale)];
  canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.85));
}

// The text of the code in a picture: read here if the browser can, by the server if not.
export async function codeIn(picture) {
  let small;
  try {
    const here = await detected(picture);
    if (here) return here;
    small = await smaller(picture);
  } catch {
    throw new BridgeError("invalid");
  }
  const body = new FormData();
  body.append("picture", small, "code.jpg");
  const answer = await fetch("/api/v1/codes", { method: "POST", body });
  if (!answer.ok) throw new BridgeError(answer.status === 422 ? "invalid" : "failed");
  return (await answer.json()).codes[0];
}

const browser = {
  "scan.qr": {
    can: () => true,
    call: async ({ picture } = {}) => ({ text: await codeIn(picture ?? (await picked("image/*", true))) }),
  },
  "health.read": {
    can: () => true,
    call: async () => ({ file: await picked(".xml,.zip,.json,.csv", false) }),
  },
  "push.token": {
    can: () => "PushManager" in window && "Notification" in window && Boolean(navigator.serviceWorker),
    call: async ({ serverKey } = {}) => {
      if (!serverKey) throw new BridgeError("invalid");
      if ((await Notification.requestPermission()) !== "granted") throw new BridgeError("denied");
      const registration = await navigator.serviceWorker.ready;
      const options = { userVisibleOnly: true, applicationServerKey: serverKey };
      return { subscription: (await registration.pushManager.subscribe(options)).toJSON() };
    },
  },
  share: {
    can: () => true,
    call: async ({ url, title } = {}) => {
      if (navigator.share) {
        await navigator.share({ url, title });
        return { how: "share" };
      }
      await navigator.clipboard.writeText(url);
      return { how: "copied" };
    },
  },
  print: { can: () => true, call: async () => (window.print(), {}) },
  open: { can: () => true, call: async ({ url }) => (window.open(url, "_blank", "noopener"), {}) },
  // No browser finds beacons in the background: the QR sign at the door says the same.
  "beacon.watch": { can: () => false, instead: "scan.qr" },
  // The key of a browser is its passkey (static/js/passkeys.js), asked for by the page itself.
  "key.create": { can: () => false, instead: "passkey" },
  "key.sign": { can: () => false, instead: "passkey" },
};

async function byBrowser(name, parameters) {
  const known = browser[name];
  if (!known?.can()) throw new BridgeError("unavailable", known?.instead ?? null);
  try {
    return await known.call(parameters);
  } catch (error) {
    if (error instanceof BridgeError) throw error;
    if (error.name === "AbortError") throw new BridgeError("cancelled");
    throw new BridgeError(error.name === "NotAllowedError" ? "denied" : "failed");
  }
}

// Only an address of this server is shared or opened: a page must not become a way to anywhere.
function own(url) {
  if (typeof url !== "string") return false;
  try {
    return new URL(url, window.location.href).origin === window.location.origin;
  } catch {
    return false;
  }
}

export class Bridge {
  constructor() {
    this.shell = null;
    this.client = null;
    this.offers = new Set();
    this.ready = this.meet();
  }

  // Is there a shell, and what does it offer? A frame inside another page never speaks to one.
  async meet() {
    const port = window.saegimShell;
    if (!port || typeof port.postMessage !== "function" || window.top !== window || !window.isSecureContext) return;
    const shell = new Shell(port);
    try {
      const hello = await shell.ask("hello", { versions: [VERSION] }, HELLO_WITHIN);
      if (hello?.version !== VERSION || !Array.isArray(hello.functions)) return;
      this.shell = shell;
      this.client = String(hello.client ?? "");
      this.offers = new Set(hello.functions.map(String));
    } catch {
      // Silent, or of another version: as if it were not there.
    }
  }

  can(name) {
    if (this.offers.has(name)) return "shell";
    return browser[name]?.can() ? "browser" : "no";
  }

  // What serves the same end where this cannot be done, such as the door's QR code for a beacon.
  instead(name) {
    return this.can(name) === "no" ? (browser[name]?.instead ?? null) : null;
  }

  async call(name, parameters = {}) {
    // Asked before anything is waited for: the browser forgets a gesture after a moment.
    const byHand = navigator.userActivation ? navigator.userActivation.isActive : true;
    if (BY_GESTURE.has(name) && !byHand) throw new BridgeError("gesture");
    if (["share", "open"].includes(name) && !own(parameters.url)) throw new BridgeError("invalid");
    await this.ready;
    if (!this.offers.has(name)) return byBrowser(name, parameters);
    return this.shell.ask(name, parameters, ANSWER_WITHIN);
  }

  // Events of the shell, such as "beacon.seen". Returns what ends it.
  on(name, listener) {
    const { listeners } = this.shell ?? { listeners: new Map() };
    listeners.set(name, [...(listeners.get(name) ?? []), listener]);
    return () => listeners.set(name, listeners.get(name).filter((each) => each !== listener));
  }

  // A request of this page that says what it comes from, so that a client that is too old is told so.
  async fetch(address, options = {}) {
    await this.ready;
    const headers = new Headers(options.headers);
    if (this.client) headers.set("saegim-client", this.client);
    return fetch(address, { ...options, headers });
  }
}

export const bridge = new Bridge();
