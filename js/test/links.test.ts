import { expect, test } from 'vitest'
import { decideLink } from '../src/links'

test.each([
  ['https://www.acme.test/about', undefined],
  ['https://www.partner.test/', 'outbound'],
  ['https://www.acme.test/prices.PDF?x=1', 'download'],
  ['https://cdn.partner.test/setup.zip', 'download'],
  ['https://www.acme.test/image.iso', undefined],
  ['https://www.acme.test/pdf', undefined],
  ['mailto:eva@acme.test', undefined],
  ['javascript:void(0)', undefined],
] as const)('%s is %s', (address, kind) => {
  expect(decideLink(new URL(address), 'www.acme.test')).toBe(kind)
})
