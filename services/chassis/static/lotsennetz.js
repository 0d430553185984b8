// Comforts only; every page works without them.
"use strict";
for (const button of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) break;
  button.hidden = false;
  button.addEventListener("click", () => navigator.clipboard.writeText(button.dataset.copy));
}
// A second click on a slow line must not send a form twice (the server would refuse it, but the reader would see that).
document.addEventListener("submit", (event) => {
  if (event.target.method !== "post") return;
  if (event.target.dataset.sent) event.preventDefault();
  event.target.dataset.sent = "yes";
});
addEventListener("pageshow", () => {
  for (const form of document.forms) delete form.dataset.sent;
});
// Staying signed in needs no new window here; the line is put away and begins to wait anew.
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("[data-stay]");
  if (!link) return;
  event.preventDefault();
  const line = link.closest("[role=alert]");
  fetch(link.href).then(
    (answer) => (answer.ok && !answer.redirected ? line.replaceWith(line.cloneNode(true)) : location.assign(link.href)),
    () => open(link.href),
  );
});
// In a list of work the arrow keys lead from item to item; Tab goes everywhere, as always.
for (const list of document.querySelectorAll("[data-rove]")) {
  const items = [...list.querySelectorAll("[data-item]")];
  for (const hint of document.querySelectorAll("[data-keys]")) hint.hidden = false;
  list.addEventListener("keydown", (event) => {
    const here = items.indexOf(document.activeElement);
    if (here < 0 || event.altKey || event.ctrlKey || event.metaKey) return;
    const to = { ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: items.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    items[to]?.focus();
  });
}
// What has come meanwhile is said once a minute, politely; the list and the focus stay where they are.
for (const place of document.querySelectorAll("[data-news]")) {
  let last = "";
  const ask = async () => {
    if (document.hidden) return;
    const answer = await fetch(place.dataset.news, { headers: { "X-Background": "1", Accept: "application/json" } });
    const { says } = answer.ok ? await answer.json() : { says: "" };
    if (!says || says === last) return;
    last = says;
    const again = document.createElement("a");
    again.href = location.href;
    again.className = "kern-link";
    again.textContent = place.dataset.reload;
    place.replaceChildren(`${says} `, again);
  };
  const quietly = () => ask().catch(() => undefined);
  setInterval(quietly, 60_000);
  addEventListener("focus", quietly);
}
// What is typed is kept as it stands, a moment after the last key; without this each button of the form keeps it.
for (const form of document.querySelectorAll("form[data-keep]")) {
  const said = form.querySelector("[data-kept]");
  let waiting, sending, again, sent;
  const say = (text) => {
    if (said.textContent !== text) said.textContent = text;
  };
  const keep = async (keepalive) => {
    clearTimeout(waiting);
    waiting = undefined;
    if (sending) {
      again = true;
      return;
    }
    sending = new AbortController();
    const body = new URLSearchParams(new FormData(form));
    body.set("go", "keep");
    body.set("typed", Date.now());
    try {
      const answer = await fetch(form.dataset.keep, { method: "POST", body, keepalive, redirect: "error", signal: sending.signal });
      say(answer.ok ? said.dataset.yes : [404, 409].includes(answer.status) ? said.dataset.refused : said.dataset.no);
    } catch {
      if (!sent) say(said.dataset.no);
    }
    sending = undefined;
    if (again && !sent) {
      again = false;
      keep(false);
    }
  };
  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(keep, 800, false);
  });
  // What was sent by a button counts, whatever comes late.
  form.addEventListener("submit", () => {
    sent = true;
    clearTimeout(waiting);
    sending?.abort();
    form.elements.typed.value = Date.now();
  });
  addEventListener("pageshow", () => {
    sent = false;
  });
  document.addEventListener("visibilitychange", () => {
    if (document.hidden && waiting && !sent) keep(true);
  });
}
