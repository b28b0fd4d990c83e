import type { Mode } from './tag'
import { readItem, writeItem } from './store'
import { forgetVisitor, isGone, isKnown } from './visitor'

/** y: requests with a visitor id. n: requests, nothing stored. '': neither requests nor storage. */
export type Consent = 'y' | 'n' | ''
export type Choice = Consent

const REFUSED = '_doorbell'

let mode: Mode
let choice: Choice | undefined
let consent: Consent

/** What we may do. Global Privacy Control never allows a visitor id, whatever site or visitor said on the page. */
export function decideConsent(mode: Mode, choice: Choice, privacyControl: boolean): Consent {
  const known = choice ? choice == 'y' : mode == 'granted'
  return known ? (privacyControl ? 'n' : 'y') : mode == 'required' ? '' : 'n'
}

export function getConsent(): Consent {
  // Not before it is asked for: the first look at a cookie takes as long as all the rest of the start.
  if (choice == null) settle(remember())
  else if (isGone()) settle('n')
  return consent
}

export function startConsent(siteMode: Mode): void {
  mode = siteMode
}

/** The visitor's cookie means yes; a no is kept where the site itself says yes. */
function remember(): Choice {
  return mode == 'granted' && readItem(REFUSED) ? 'n' : isKnown() ? 'y' : ''
}

/** The visitor's choice. Returns true when it changed what we may do. */
export function choose(value: unknown): boolean {
  const before = getConsent()
  settle(value == 'y' ? 'y' : 'n')
  writeItem(REFUSED, choice == 'n' && mode == 'granted' ? 'n' : '')
  return before != consent
}

function settle(known: Choice): void {
  choice = known
  consent = decideConsent(mode, choice, !!navigator.globalPrivacyControl)
  if (consent != 'y') forgetVisitor()
}
