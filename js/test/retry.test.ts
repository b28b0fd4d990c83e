import { expect, test } from 'vitest'
import { decideRetry } from '../src/retry'

test.each([0, 408, 429, 500, 502, 503, 504])('status %i is tried again', (status) => {
  expect(decideRetry(status, 0, null, 0)).toBe(1000)
})

test.each([200, 202, 204, 301, 400, 403, 404, 405, 413, 422])('status %i is final', (status) => {
  expect(decideRetry(status, 0, null, 0)).toBeUndefined()
})

test('the pause doubles up to a minute', () => {
  const pauses = [0, 1, 2, 3, 4, 5, 6].map((tries) => decideRetry(503, tries, null, 1))
  expect(pauses).toEqual([2000, 4000, 8000, 16000, 32000, 60000, 60000])
})

test('the tenth failure is the last', () => {
  expect(decideRetry(503, 8, null, 0)).toBeGreaterThan(0)
  expect(decideRetry(503, 9, null, 0)).toBeUndefined()
})

test('a server that names a time is given it', () => {
  expect(decideRetry(429, 0, '120', 1)).toBe(120000)
})

test.each(['Sat, 21 Nov 2026 14:30:00 GMT', '', '-5'])('Retry-After: %s does not shorten the pause', (header) => {
  expect(decideRetry(429, 0, header, 1)).toBe(2000)
})
