import { getConsent } from './consent'
import type { Detail } from './hit'
import { put } from './outbox'
import { randomId } from './random'

// The protocol's limit, and a stop for a page that reports in a loop.
const MOST_HITS = 10000

let view = ''
let address = ''
let sequence = 0

/** True once a view of a page has been reported. */
export function hasPage(): boolean {
  return !!view
}

/** Begins a page view: what is reported from now on belongs to it. */
export function openPage(url: string): void {
  view = randomId()
  address = url
  sequence = 0
}

/** Reports something about the page view that is open. */
export function report(name: string, detail: Detail): void {
  if (!view || !getConsent() || sequence > MOST_HITS) return
  const k = sequence++
  put({ n: name, id: view + '-' + k, t: Date.now(), k, pv: view, u: address, ...detail })
}
