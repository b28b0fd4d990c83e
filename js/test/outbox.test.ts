import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Hit } from '../src/hit'

// Nothing here is a stand-in for our own code: only the far end and the clock are.
let requests: { s: string; c: string; b: Hit[] }[]
let answer: () => Response
let outbox: typeof import('../src/outbox')
let number = 0

function hit(): Hit {
  const k = number++
  return { n: 'x', id: `view-${k}`, t: 1, k, pv: 'view', u: 'https://www.acme.test/' }
}

beforeEach(async () => {
  vi.useFakeTimers()
  vi.resetModules()
  requests = []
  number = 0
  answer = () => new Response(null, { status: 202 })
  vi.stubGlobal('fetch', async (_: string, request: RequestInit) => {
    requests.push(JSON.parse(request.body as string))
    return answer()
  })
  const { startConsent } = await import('../src/consent')
  outbox = await import('../src/outbox')
  startConsent('cookieless')
  outbox.startOutbox({ site: 'acme-web', endpoint: 'https://bell.test/s/e', mode: 'cookieless', query: [], hash: false, hosts: [], forms: false })
})

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

test('what is put in one turn leaves in one request', async () => {
  outbox.put(hit())
  outbox.put(hit())
  await vi.advanceTimersByTimeAsync(0)
  expect(requests.map((request) => request.b.length)).toEqual([2])
})

test('a request holds ten hits at most', async () => {
  for (let i = 0; i < 25; i++) outbox.put(hit())
  await vi.advanceTimersByTimeAsync(0)
  expect(requests.map((request) => request.b.length)).toEqual([10, 10, 5])
})

test('fifty hits are kept, the newest ones', async () => {
  for (let i = 0; i < 60; i++) outbox.put(hit())
  await vi.advanceTimersByTimeAsync(0)
  const numbers = requests.flatMap((request) => request.b.map((each) => each.k))
  expect([numbers.length, numbers[0], numbers.at(-1)]).toEqual([50, 10, 59])
})

test('new hits wait with the refused ones, in order', async () => {
  answer = () => new Response(null, { status: 503 })
  outbox.put(hit())
  await vi.advanceTimersByTimeAsync(0)
  answer = () => new Response(null, { status: 202 })
  outbox.put(hit())
  await vi.advanceTimersByTimeAsync(500)
  expect(requests.length).toBe(1)
  await vi.advanceTimersByTimeAsync(2000)
  expect(requests[1]!.b.map((each) => each.k)).toEqual([0, 1])
})

test('requests that fail together count as one try', async () => {
  answer = () => new Response(null, { status: 503 })
  for (let i = 0; i < 50; i++) outbox.put(hit())
  await vi.advanceTimersByTimeAsync(0)
  expect(requests.length).toBe(5)
  await vi.advanceTimersByTimeAsync(2000)
  expect(requests.length).toBe(10)
})

test('a hit is sent ten times at most', async () => {
  answer = () => new Response(null, { status: 503 })
  outbox.put(hit())
  await vi.advanceTimersByTimeAsync(3600_000)
  expect(requests.length).toBe(10)
})

test('no answer at all is tried again', async () => {
  answer = () => {
    throw new TypeError('network')
  }
  outbox.put(hit())
  await vi.advanceTimersByTimeAsync(2500)
  expect(requests.length).toBe(2)
})

test.each([
  ['throws', () => { throw new Error('broken') }],
  ['answers nothing', () => undefined],
  ['is missing', undefined],
])('where fetch %s the beacon takes over', async (_, broken) => {
  vi.stubGlobal('fetch', broken)
  const sendBeacon = vi.fn(() => true)
  vi.stubGlobal('navigator', { sendBeacon, language: 'sv' })
  outbox.put(hit())
  await vi.advanceTimersByTimeAsync(5000)
  expect(sendBeacon).toHaveBeenCalledTimes(1)
  expect(sendBeacon).toHaveBeenCalledWith('https://bell.test/s/e', expect.stringContaining('"s":"acme-web"'))
})

test('a hit that no way would take is sent later', async () => {
  const fetch = window.fetch
  vi.stubGlobal('fetch', undefined)
  vi.stubGlobal('navigator', { language: 'sv' })
  outbox.put(hit())
  await vi.advanceTimersByTimeAsync(0)
  vi.stubGlobal('fetch', fetch)
  await vi.advanceTimersByTimeAsync(3000)
  expect(requests.length).toBe(1)
})

test('a fresh start after the server came back', async () => {
  answer = () => new Response(null, { status: 503 })
  outbox.put(hit())
  await vi.advanceTimersByTimeAsync(0)
  answer = () => new Response(null, { status: 202 })
  await vi.advanceTimersByTimeAsync(10000)
  outbox.put(hit())
  await vi.advanceTimersByTimeAsync(0)
  expect(requests.length).toBe(3)
})

test('discarded hits never leave', async () => {
  outbox.put(hit())
  outbox.discard()
  await vi.advanceTimersByTimeAsync(60000)
  expect(requests).toEqual([])
})
