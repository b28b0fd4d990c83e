import { attempt } from './attempt'

export type Answer = (status: number, headers?: Headers) => void

/** Sends `body` so that it survives leaving the page. Status 0 means no answer. */
export function post(endpoint: string, body: string, answer: Answer): void {
  const sent = attempt(
    () =>
      // Without it nothing that is sent on leaving would arrive.
      'keepalive' in Request.prototype &&
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
      ),
  )
  // Only then, for blocklists stop every beacon to another site.
  if (!sent) answer(attempt(() => navigator.sendBeacon(endpoint, body)) ? 202 : 0)
}
