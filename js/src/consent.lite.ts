import type { Consent } from './consent'

/** The lite build never knows a visitor, whatever site, visitor or browser say. */
export function getConsent(): Consent {
  return 'n'
}
