import { pick, readCookie, writeCookie } from './cookie'
import { randomId } from './random'

const VISIT_GAP_MINUTES = 30
const CARRIED_LIFE_MS = 120000

// Patterns stand in functions, for the browser reads them where they stand: at the top, while the page starts.
const isVisitor = (value: string): boolean => /^[\da-z-]{8,64}\.\w{4,32}\.\d+$/.test(value)

// Stands in for the cookie where cookies are forbidden.
let kept = ''
let stored = false
// What the link brought that led here, until it is in use.
let carried = ''

/** True when an earlier page was allowed to know this visitor. */
export function isKnown(): boolean {
  return isVisitor(readCookie())
}

/** Ids of visitor and visit at `now` (ms). Keeps both in the cookie; 30 minutes of silence begin a new visit. */
export function touchVisitor(now: number): { i: string; ss: string } {
  const minute = Math.round(now / 60000)
  const [visitor, visit, last] = (carried || (isKnown() ? readCookie() : kept)).split('.')
  const i = visitor || randomId()
  const ss = visit && minute - +last! < VISIT_GAP_MINUTES ? visit : randomId()
  kept = [i, ss, minute].join('.')
  writeCookie(kept)
  carried = ''
  stored = isKnown()
  return { i, ss }
}

/** A query parameter that brings visitor and visit at `now` (ms) to another host of the site. */
export function carryVisitor(now: number): string {
  const { i, ss } = touchVisitor(now)
  return '_doorbell=' + [i, ss, now].join('.')
}

/**
 * Takes over the visitor whom a page on one of the site's `hosts` sent here in the last two minutes.
 * Without that page as referrer, whoever passes an address on would pass on being the visitor.
 */
export function meetVisitor(hosts: string[]): void {
  // First what is rarely so: most sites have one host, and this runs at the start of each page.
  const value = hosts[0] && hosts.includes(document.referrer.split('/')[2]!) ? pick(location.search) : ''
  const age = Date.now() - +value.split('.')[2]!
  if (age >= 0 && age < CARRIED_LIFE_MS && isVisitor(value)) carried = value
}

/** True when the cookie we wrote is gone: the visitor said no in another tab, or cleared it. */
export function isGone(): boolean {
  return stored && !readCookie()
}

export function forgetVisitor(): void {
  kept = ''
  stored = false
  if (readCookie()) writeCookie('')
}
