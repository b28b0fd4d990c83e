export type Answer = (status: number, retryAfter?: string | null) => void

/** Sends `body` so that it survives leaving the page. Status 0 means no answer. */
export function post(endpoint: string, body: string, answer: Answer): void {
  // Fetch first: blocklists stop every ping to another site. A string goes as text/plain, which needs no preflight.
  if ((window.fetch as unknown) && 'keepalive' in Request.prototype) {
    fetch(endpoint, {
      method: 'POST',
      body,
      keepalive: true,
      credentials: 'omit',
      // The page's full address, secrets included, would travel as Referer to an endpoint on the same host.
      referrerPolicy: 'origin',
    }).then(
      (response) => answer(response.status, response.headers.get('retry-after')),
      () => answer(0),
    )
  } else answer(navigator.sendBeacon?.(endpoint, body) ? 202 : 0)
}
