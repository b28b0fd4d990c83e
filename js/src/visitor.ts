import { readCookie, writeCookie } from './cookie'
import { randomId } from './random'

const SHAPE = /^[0-9a-z-]{8,64}\.[0-9a-z]{4,32}\.\d+$/
const VISIT_GAP_MINUTES = 30

// Stands in for the cookie where cookies are forbidden.
let kept = ''
let stored = false

/** True when an earlier page was allowed to know this visitor. */
export function isKnown(): boolean {
  return SHAPE.test(readCookie())
}

/** Ids of visitor and visit at `now` (ms). Keeps both in the cookie; 30 minutes of silence begin a new visit. */
export function touchVisitor(now: number): { i: string; ss: string } {
  const minute = Math.floor(now / 60000)
  const [visitor, visit, last] = (isKnown() ? readCookie() : kept).split('.')
  const i = visitor || randomId()
  const ss = visit && minute - +last! < VISIT_GAP_MINUTES ? visit : randomId()
  kept = [i, ss, minute].join('.')
  writeCookie(kept)
  stored = isKnown()
  return { i, ss }
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
