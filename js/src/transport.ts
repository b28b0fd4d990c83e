export type Answer = (status: number, retryAfter?: string | null) => void

/** Sends `body` so that it survives leaving the page. Status 0 means no answer. */
export function post(endpoint: string, body: string, answer: Answer): void {
  try {
    // Fetch first: blocklists stop every ping to another site.
    if ((window.fetch as unknown) && 'keepalive' in Request.prototype) ask(endpoint, body, answer)
    else answer(navigator.sendBeacon(endpoint, body) ? 202 : 0)
  } catch {
    // Neither is there, or the page has put something broken in its place.
    answer(0)
  }
}

function ask(endpoint: string, body: string, answer: Answer): void {
  fetch(endpoint, {
    method: 'POST',
    // A string goes as text/plain, which needs no preflight.
    body,
    keepalive: true,
    credentials: 'omit',
    // The page's full address, secrets included, would travel as Referer to an endpoint on the same host.
    referrerPolicy: 'origin',
  }).then(
    (response) => answer(response.status, response.headers.get('retry-after')),
    () => answer(0),
  )
}
