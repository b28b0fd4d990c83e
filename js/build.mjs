// Builds ../tracker/static/: v.js, the same compressed, and manifest.json. The same source gives the same bytes.
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { minify } from 'terser'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))
const target = here('../tracker/static/')

async function bundle() {
  const result = await build({
    entryPoints: [here('src/main.ts')],
    bundle: true,
    format: 'iife',
    target: 'es2020',
    charset: 'utf8',
    minify: true,
    write: false,
  })
  return result.outputFiles[0].text
}

async function shrink(code) {
  const result = await minify(code, {
    ecma: 2020,
    compress: { passes: 3, unsafe_arrows: true, pure_getters: true, booleans_as_integers: false },
    mangle: true,
    format: { comments: false },
  })
  return result.code
}

function brotli(bytes) {
  return brotliCompressSync(bytes, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: 11,
      [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
      [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
    },
  })
}

function gzip(bytes) {
  const packed = gzipSync(bytes, { level: 9 })
  packed[9] = 255 // "unknown" instead of the operating system that built it
  return packed
}

const smaller = (a, b) => (brotli(Buffer.from(a)).length <= brotli(Buffer.from(b)).length ? a : b)

const plain = await bundle()
const script = Buffer.from(smaller(await shrink(plain), plain).trimEnd() + '\n')
const files = { 'v.js': script, 'v.js.br': brotli(script), 'v.js.gz': gzip(script) }
const { version } = JSON.parse(readFileSync(here('package.json'), 'utf8'))
const manifest = {
  version,
  file: 'v.js',
  sha256_8: createHash('sha256').update(script).digest('hex').slice(0, 8),
  sri: 'sha384-' + createHash('sha384').update(script).digest('base64'),
  sizes: { plain: script.length, gzip: files['v.js.gz'].length, brotli: files['v.js.br'].length },
}
files['manifest.json'] = JSON.stringify(manifest, null, 2) + '\n'

mkdirSync(target, { recursive: true })
for (const [name, bytes] of Object.entries(files)) writeFileSync(target + name, bytes)
console.log(`v.js ${manifest.version} ${manifest.sha256_8}`, manifest.sizes)
