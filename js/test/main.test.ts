import { beforeEach, expect, test, vi } from 'vitest'
import type { Hit } from '../src/hit'

let hits: Hit[]

async function load(attributes: string): Promise<void> {
  document.head.innerHTML = `<title>Prices</title><meta ${attributes}>`
  // happy-dom would try to fetch a script; the snippet only reads its attributes.
  const script = document.head.querySelector('meta')!
  Object.assign(script, { src: 'https://bell.test/s/v.js' })
  vi.spyOn(document, 'querySelector').mockReturnValue(script)
  vi.resetModules()
  await import('../src/main')
}

function settle(): Promise<unknown> {
  return vi.advanceTimersByTimeAsync(1000)
}

beforeEach(() => {
  vi.useFakeTimers()
  delete window.doorbell
  hits = []
  vi.stubGlobal('fetch', async (_: string, request: RequestInit) => {
    hits.push(...JSON.parse(request.body as string).b)
    return new Response(null, { status: 202 })
  })
})

test('the page is reported', async () => {
  await load('data-site="acme-web"')
  await settle()
  expect(hits).toMatchObject([{ n: 'pageview', k: 0, u: 'https://www.acme.test/pricing', ti: 'Prices' }])
})

test('a second copy does nothing', async () => {
  await load('data-site="acme-web"')
  await load('data-site="acme-web"')
  await settle()
  expect(hits.length).toBe(1)
})

test('a tag without a site key says what is missing', async () => {
  const error = vi.spyOn(console, 'error').mockReturnValue()
  await load('')
  await settle()
  expect(error).toHaveBeenCalledWith('doorbell: data-site?')
  expect(hits).toEqual([])
})

test('an element with the id doorbell is no obstacle', async () => {
  Object.assign(window, { doorbell: document.createElement('div') })
  await load('data-site="acme-web"')
  await settle()
  expect(hits.length).toBe(1)
})

test('properties are told as they were when the call was made', async () => {
  await load('data-site="acme-web"')
  await settle()
  const props = { seats: 3 }
  window.doorbell!('track', 'asked', props)
  props.seats = 4
  await settle()
  expect(hits[1]).toMatchObject({ n: 'asked', p: { seats: 3 }, pv: hits[0]!.pv, k: 1 })
})

test.each([
  ['trak', 'asked'],
  ['track'],
  ['identify'],
  [],
])('a call that is not understood (%s) is told and reports nothing', async (...call) => {
  const said = vi.spyOn(console, 'log').mockReturnValue()
  await load('data-site="acme-web"')
  window.doorbell!(...call)
  await settle()
  expect(said).toHaveBeenCalledWith('doorbell:', 'not understood', ...call)
  expect(hits.length).toBe(1)
})

test('properties that cannot be told do not stop the page', async () => {
  const said = vi.spyOn(console, 'log').mockReturnValue()
  await load('data-site="acme-web"')
  await settle()
  const circle: Record<string, unknown> = {}
  circle.self = circle
  window.doorbell!('track', 'asked', circle)
  window.doorbell!('track', 'asked', 'by phone')
  await settle()
  expect(hits.slice(1)).toMatchObject([{ n: 'asked' }, { n: 'asked' }])
  expect(hits.map((hit) => hit.p)).toEqual([undefined, undefined, undefined])
  expect(said).toHaveBeenCalledTimes(2)
})
