import { expect, test } from 'vitest'
import { decideConsent } from '../src/consent'

test.each([
  ['required', '', false, ''],
  ['required', 'n', false, ''],
  ['required', 'y', false, 'y'],
  ['cookieless', '', false, 'n'],
  ['cookieless', 'n', false, 'n'],
  ['cookieless', 'y', false, 'y'],
  ['granted', '', false, 'y'],
  ['granted', 'n', false, 'n'],
  ['granted', 'y', false, 'y'],
  ['required', '', true, ''],
  ['required', 'y', true, 'n'],
  ['cookieless', 'y', true, 'n'],
  ['granted', '', true, 'n'],
] as const)('mode %s, choice "%s", privacy control %s gives "%s"', (mode, choice, control, consent) => {
  expect(decideConsent(mode, choice, control)).toBe(consent)
})
