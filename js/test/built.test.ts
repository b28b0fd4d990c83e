import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'

const MOST_BROTLI_BYTES = 3300

const read = (name: string) => readFileSync(`../tracker/static/${name}`)
const manifest = JSON.parse(read('manifest.json').toString())

test('the script stays small', () => {
  expect(manifest.sizes.brotli).toBeLessThanOrEqual(MOST_BROTLI_BYTES)
})

test('the manifest tells the truth about the script', () => {
  const script = read('v.js')
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'))
  expect(manifest).toEqual({
    version,
    file: 'v.js',
    sha256_8: createHash('sha256').update(script).digest('hex').slice(0, 8),
    sri: 'sha384-' + createHash('sha384').update(script).digest('base64'),
    sizes: { plain: script.length, gzip: read('v.js.gz').length, brotli: read('v.js.br').length },
  })
})

test('the compressed files hold the script', () => {
  expect(brotliDecompressSync(read('v.js.br')).equals(read('v.js'))).toBe(true)
  expect(gunzipSync(read('v.js.gz')).equals(read('v.js'))).toBe(true)
})
