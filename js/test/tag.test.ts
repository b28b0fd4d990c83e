import { afterEach, expect, test } from 'vitest'
import { readMode, readTag } from '../src/tag'

afterEach(() => delete window.doorbellTag)

function tag(attributes: Record<string, string>): HTMLScriptElement {
  const script = document.createElement('script')
  for (const [name, value] of Object.entries(attributes)) script.setAttribute(name, value)
  return script
}

test.each([
  ['https://bell.test/s/v.js', 'https://bell.test/s/e'],
  ['https://bell.test/s/v.1a2b3c4d.js', 'https://bell.test/s/e'],
  ['https://www.acme.test/behind/a/proxy/s/v.js?x=1', 'https://www.acme.test/behind/a/proxy/s/e'],
])('the script %s sends to %s', (src, endpoint) => {
  expect(readTag(tag({ src, 'data-site': 'acme-web' })).endpoint).toBe(endpoint)
})

test.each([
  [undefined, 'cookieless'],
  ['', 'cookieless'],
  ['cookieless', 'cookieless'],
  ['granted', 'granted'],
  ['required', 'required'],
  ['Granted', 'required'],
])('data-consent=%s means %s', (text, mode) => {
  expect(readMode(text)).toBe(mode)
})

test('own parameters are separated by commas or spaces', () => {
  const read = readTag(tag({ src: 'https://bell.test/s/v.js', 'data-query': 'colour, size' }))
  expect(read.query).toEqual(['colour', 'size'])
})

test('a global says the choices where a tag can have no attributes', () => {
  window.doorbellTag = { site: 'acme-web', consent: 'required', forms: '', query: 'colour' }
  const read = readTag(tag({ src: 'https://bell.test/s/v.js', 'data-site': 'other' }))
  expect(read).toMatchObject({ site: 'acme-web', mode: 'required', forms: true, query: ['colour'], hash: false })
})
