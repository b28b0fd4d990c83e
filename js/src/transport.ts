export type Answer = (status: number, headers?: Headers) => void

/** Sends `body` so that it survives leaving the page. Status 0 means no answer. */
export function post(endpoint: string, body: string, answer: Answer): void {
  try {
    // Fetch first: blocklists stop every ping to another site.
    if (!window.fetch || !('keepalive' in Request.prototype)) return answer(navigator.sendBeacon(endpoint, body) ? 202 : 0)
    fetch(endpoint, {
      method: 'POST',
      // A string goes as text/plain, which needs no preflight.
      body,
      keepalive: true,
      credentials: 'omit',
      // The page's full address, secrets included, would travel as Referer to an endpoint on the same host.
      referrerPolicy: 'origin',
    }).then(
      (response) => answer(response.status, response.headers),
      () => answer(0),
    )
  } catch {
    // Neither is there, or the page has put something broken in its place.
    answer(0)
  }
}
