import type { Mode } from './tag'
import { readItem, writeItem } from './store'
import { forgetVisitor, isGone, isKnown } from './visitor'

/** y: requests with a visitor id. n: requests, nothing stored. '': neither requests nor storage. */
export type Consent = 'y' | 'n' | ''
export type Choice = Consent

const REFUSED = '_doorbell'

let mode: Mode
let choice: Choice
let consent: Consent

/** What we may do. Global Privacy Control never allows a visitor id, whatever site or visitor said on the page. */
export function decideConsent(mode: Mode, choice: Choice, privacyControl: boolean): Consent {
  const known = choice ? choice == 'y' : mode == 'granted'
  return known ? (privacyControl ? 'n' : 'y') : mode == 'required' ? '' : 'n'
}

export function getConsent(): Consent {
  if (isGone()) {
    choice = 'n'
    settle()
  }
  return consent
}

/** Begins with what is remembered: the visitor's cookie means yes; a no is kept where the site itself says yes. */
export function startConsent(siteMode: Mode): void {
  mode = siteMode
  // Only there a no is kept; storage is slow to ask.
  choice = mode == 'granted' && readItem(REFUSED) ? 'n' : isKnown() ? 'y' : ''
  settle()
}

/** The visitor's choice. Returns true when it changed what we may do. */
export function choose(value: unknown): boolean {
  const before = consent
  choice = value == 'y' ? 'y' : 'n'
  writeItem(REFUSED, choice == 'n' && mode == 'granted' ? 'n' : '')
  settle()
  return before != consent
}

function settle(): void {
  consent = decideConsent(mode, choice, !!navigator.globalPrivacyControl)
  if (consent != 'y') forgetVisitor()
}
