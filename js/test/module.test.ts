import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { beforeEach, expect, test, vi } from 'vitest'
import type { Hit } from '../src/hit'

let bodies: { s: string; c: string; b: Hit[] }[]

beforeEach(() => {
  vi.useFakeTimers()
  vi.resetModules()
  delete window.doorbell
  bodies = []
  vi.stubGlobal('fetch', async (_: string, request: RequestInit) => {
    bodies.push(JSON.parse(request.body as string))
    return new Response(null, { status: 202 })
  })
})

const names = () => bodies.flatMap((body) => body.b).map((hit) => hit.n)

test('calls before the start wait for it and for the page view', async () => {
  const doorbell = await import('../src/module')
  doorbell.track('asked', { seats: 3 })
  doorbell.init({ site: 'acme-web', url: 'https://bell.test/s/' })
  doorbell.identify({ email: 'eva@acme.test' })
  await vi.advanceTimersByTimeAsync(1000)
  expect(names()).toEqual(['pageview', 'asked', 'identify'])
  expect(bodies[0]).toMatchObject({ s: 'acme-web', c: 'n' })
})

test('a second start does nothing', async () => {
  const doorbell = await import('../src/module')
  doorbell.init({ site: 'acme-web', url: 'https://bell.test/s/' })
  doorbell.init({ site: 'acme-web', url: 'https://bell.test/s/' })
  await vi.advanceTimersByTimeAsync(1000)
  expect(names()).toEqual(['pageview'])
})

test('consent holds at once', async () => {
  const doorbell = await import('../src/module')
  doorbell.init({ site: 'acme-web', url: 'https://bell.test/s/', consent: 'required' })
  await vi.advanceTimersByTimeAsync(1000)
  expect(names()).toEqual([])
  doorbell.consent('y')
  await vi.advanceTimersByTimeAsync(1000)
  expect(names()).toEqual(['pageview'])
})

test('the package holds the module with its types and nothing else, and works', async () => {
  execFileSync('npm', ['run', '--silent', 'package'])
  const [{ files }] = JSON.parse(execFileSync('npm', ['pack', '--dry-run', '--json', '--silent']).toString())
  expect(files.map((file: { path: string }) => file.path).sort()).toEqual(['dist/module.d.ts', 'dist/module.js', 'package.json'])
  // Its name in a variable, for it is not there before it is built.
  const built = '../dist/module.js'
  const doorbell: typeof import('../src/module') = await import(built)
  doorbell.init({ site: 'acme-web', url: 'https://bell.test/s/', query: ['colour'] })
  doorbell.track('asked')
  await vi.advanceTimersByTimeAsync(1000)
  expect(bodies[0]!.s).toBe('acme-web')
  expect(names()).toEqual(['pageview', 'asked'])
  expect(readFileSync('dist/module.d.ts', 'utf8')).toContain('export declare function init(options: Options): void')
}, 60000)
