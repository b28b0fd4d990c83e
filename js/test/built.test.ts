import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'

const MOST_BROTLI_BYTES = { 'v.js': 3300, 'v.lite.js': 1600 }
const BUILDS = Object.entries(MOST_BROTLI_BYTES)

const read = (name: string) => readFileSync(`../tracker/static/${name}`)
const manifest = JSON.parse(read('manifest.json').toString())

const factsOf = (name: string) => (name == 'v.js' ? manifest : manifest.lite)

test.each(BUILDS)('%s has at most %d bytes in brotli', (name, most) => {
  expect(factsOf(name).sizes.brotli).toBeLessThanOrEqual(most)
})

test.each(BUILDS)('the manifest tells the truth about %s', (name) => {
  const script = read(name)
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'))
  expect(manifest.version).toBe(version)
  expect(factsOf(name)).toMatchObject({
    file: name,
    sha256_8: createHash('sha256').update(script).digest('hex').slice(0, 8),
    sri: 'sha384-' + createHash('sha384').update(script).digest('base64'),
    sizes: { plain: script.length, gzip: read(name + '.gz').length, brotli: read(name + '.br').length },
  })
})

test.each(BUILDS)('the compressed files hold %s', (name) => {
  expect(brotliDecompressSync(read(name + '.br')).equals(read(name))).toBe(true)
  expect(gunzipSync(read(name + '.gz')).equals(read(name))).toBe(true)
})
