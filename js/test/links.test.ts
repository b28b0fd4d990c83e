import { expect, test } from 'vitest'
import { decideLink } from '../src/links'

test.each([
  ['https://www.acme.test/about', undefined],
  ['https://www.partner.test/', 'outbound'],
  ['https://www.acme.test/prices.PDF?x=1', 'download'],
  ['https://cdn.partner.test/setup.zip', 'download'],
  ['https://www.acme.test/image.iso', undefined],
  ['https://www.acme.test/pdf', undefined],
  ['mailto:eva@acme.test', 'mailto'],
  ['tel:+4681234567', 'tel'],
  ['https://shop.test/', undefined],
  ['https://', undefined],
  ['javascript:void(0)', undefined],
] as const)('%s is %s', (address, kind) => {
  expect(decideLink(address, 'www.acme.test', ['shop.test'])).toBe(kind)
})
