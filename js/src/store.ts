// Reading `localStorage` throws where the visitor or a sandbox forbids it.

export function readItem(name: string): string {
  try {
    return localStorage.getItem(name) || ''
  } catch {
    return ''
  }
}

/** Keeps `value` on this origin; '' removes it. */
export function writeItem(name: string, value: string): void {
  try {
    if (value) localStorage.setItem(name, value)
    else localStorage.removeItem(name)
  } catch {
    // Forbidden or full: the snippet works without.
  }
}
