// Small helps where there is JavaScript; every page works without it.

// A chosen or dropped file is shown by name next to its field.
for (const input of document.querySelectorAll("input[type=file][data-name-into]")) {
  const label = document.getElementById(input.dataset.nameInto);
  const empty = label.textContent;
  input.addEventListener("change", () => {
    label.textContent = input.files.length ? input.files[0].name : empty;
  });
}

// A text to carry elsewhere is copied at a touch; without scripts it is selected by hand.
for (const button of document.querySelectorAll("button[data-copy]")) {
  if (!navigator.clipboard) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).value);
    button.textContent = button.dataset.copied;
  });
}

// A form that takes a while says so and cannot be sent twice by a second tap.
for (const form of document.querySelectorAll("form[data-busy]")) {
  form.addEventListener("submit", () => {
    const button = form.querySelector("button[type=submit]");
    button.setAttribute("aria-disabled", "true");
    button.textContent = form.dataset.busy;
    form.addEventListener("submit", (again) => again.preventDefault(), { once: true });
  });
}

// Leaving and coming back (browser's back button) must not leave a dead form behind.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) window.location.reload();
});

// The size of the text changes in place, so that nothing typed is lost; the address behind the link keeps it.
const page = document.documentElement;
function showSize(size) {
  page.dataset.text = size;
  for (const link of document.querySelectorAll(".sg-text-size a")) {
    if (link.dataset.size === size) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}
for (const link of document.querySelectorAll(".sg-text-size a")) {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    showSize(link.dataset.size);
    const secure = window.location.protocol === "https:" ? "; secure" : "";
    document.cookie = `text=${link.dataset.size}; path=/; max-age=31536000; samesite=lax${secure}`;
  });
}
// The offline page comes out of a cache and knows no cookie.
const kept = document.cookie.match(/(?:^|; )text=(100|125|150)(?:;|$)/);
if (kept && kept[1] !== page.dataset.text) showSize(kept[1]);

// "Try again" means this very page, where the offline page stands in for another one.
for (const link of document.querySelectorAll("a[data-reload]")) {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    window.location.reload();
  });
}
