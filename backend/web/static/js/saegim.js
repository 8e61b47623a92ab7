// Small helps where there is JavaScript; every page works without it.

// A chosen or dropped file is shown by name next to its field.
for (const input of document.querySelectorAll("input[type=file][data-name-into]")) {
  const label = document.getElementById(input.dataset.nameInto);
  const empty = label.textContent;
  input.addEventListener("change", () => {
    label.textContent = input.files.length ? input.files[0].name : empty;
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
