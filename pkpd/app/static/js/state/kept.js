// What the browser remembers between visits, where it lets us.

const PREFIX = "pkpd.";

export function kept(name) {
  try {
    return localStorage.getItem(PREFIX + name) || "";
  } catch {
    return "";
  }
}

export function keep(name, value) {
  try {
    if (value) localStorage.setItem(PREFIX + name, value);
    else localStorage.removeItem(PREFIX + name);
  } catch {
    // Private windows may refuse; the choice then lasts as long as the page.
  }
}
