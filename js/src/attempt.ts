/** What `action` gives, or undefined when the browser or the visitor forbids it: no trouble of ours reaches the page. */
export function attempt<T>(action: () => T): T | undefined {
  try {
    return action()
  } catch {}
}
