import { getConsent } from './consent'
import type { Hit } from './hit'
import { decideRetry } from './retry'
import { tell } from './log'
import type { Tag } from './tag'
import { post } from './transport'
import { touchVisitor } from './visitor'

const MOST_HITS = 50
// Fifty long hits could pass the 64 KiB that browsers and the collector allow.
const MOST_HITS_A_REQUEST = 10

let tag: Tag
let waiting: Hit[] = []
let timer: ReturnType<typeof setTimeout> | 0 = 0
// True while the timer is the pause after a failure; requests that fail together count as one try.
let pausing = false
let tries = 0

/** Begins; what could not be delivered is sent when the network comes back. */
export function startOutbox(siteTag: Tag): void {
  tag = siteTag
  addEventListener('online', flush)
}

/** Takes a hit; all that is put in one turn of the page leaves in one request. */
export function put(hit: Hit): void {
  waiting = [...waiting, hit].slice(-MOST_HITS)
  timer ||= setTimeout(flush)
}

/** Sends all that waits, now. */
export function flush(): void {
  clearTimeout(timer)
  timer = 0
  pausing = false
  if (!getConsent()) return
  // Taken out first: a failure that is known at once puts its hits back.
  const hits = waiting.splice(0)
  while (hits.length) send(hits.splice(0, MOST_HITS_A_REQUEST))
}

/** Forgets what waits. */
export function discard(): void {
  waiting = []
}

function send(batch: Hit[]): void {
  post(tag.endpoint, JSON.stringify(envelope(batch)), (status, headers) => {
    const pause = decideRetry(status, tries, headers?.get('retry-after'), Math.random())
    tell(status, pause || headers?.get('x-dropped'), batch)
    if (pause) again(batch, pause)
    else tries = 0
  })
}

function again(batch: Hit[], pause: number): void {
  waiting = [...batch, ...waiting].slice(-MOST_HITS)
  if (pausing) return
  pausing = true
  clearTimeout(timer)
  timer = setTimeout(flush, pause)
  tries++
}

function envelope(batch: Hit[]): object {
  const now = Date.now()
  const consent = getConsent()
  return {
    s: tag.site,
    v: 1,
    at: now,
    c: consent,
    ...(consent == 'y' && touchVisitor(now)),
    w: innerWidth,
    z: navigator.language,
    wd: navigator.webdriver,
    b: batch,
  }
}
