// Builds ../tracker/static/: v.js and v.lite.js, both also compressed, and manifest.json. The same source gives the same bytes.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { minify } from 'terser'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))
const target = here('../tracker/static/')

async function bundle(entry, format, plugins = []) {
  const result = await build({
    entryPoints: [here(entry)],
    bundle: true,
    format,
    target: 'es2020',
    charset: 'utf8',
    minifySyntax: true,
    // Our own names only; those of the browser, the protocol and the module's callers stay.
    ...(format == 'iife' && { mangleProps: /^(site|endpoint|mode|query|hosts|forms)$/ }),
    tsconfigRaw: {},
    plugins,
    write: false,
  })
  return result.outputFiles[0].text
}

async function shrink(code, inline) {
  const result = await minify(code, {
    ecma: 2020,
    toplevel: true,
    compress: {
      passes: 4,
      inline,
      unsafe_arrows: true,
      unsafe_methods: true,
      pure_getters: true,
      keep_fargs: false,
      // No fewer characters, but more alike, which is what compresses.
      hoist_funs: true,
      lhs_constants: false,
      booleans_as_integers: true,
    },
    // Has the browser compile all functions beside the page instead of one by one in it.
    format: { comments: false, preamble: '//# allFunctionsCalledOnLoad' },
  })
  return result.code.trimEnd() + '\n'
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

/** The smallest of some ways to say the same. */
async function smallest(code) {
  const tries = await Promise.all([1, 2, 3].map((inline) => shrink(code, inline)))
  return tries.reduce((best, next) => (brotli(Buffer.from(next)).length < brotli(Buffer.from(best)).length ? next : best))
}

const { version } = JSON.parse(readFileSync(here('package.json'), 'utf8'))

function describe(script) {
  return {
    sha256_8: createHash('sha256').update(script).digest('hex').slice(0, 8),
    sri: 'sha384-' + createHash('sha384').update(script).digest('base64'),
    sizes: { plain: script.length, gzip: gzip(script).length, brotli: brotli(script).length },
  }
}

function write(name, bytes) {
  writeFileSync(target + name, bytes)
  writeFileSync(target + name + '.br', brotli(bytes))
  writeFileSync(target + name + '.gz', gzip(bytes))
}

/** For the lite build: takes `x.lite.ts` in the place of `x.ts` wherever there is one. */
const lite = {
  name: 'lite',
  setup: (build) =>
    build.onResolve({ filter: /^\.\/\w+$/ }, ({ path, resolveDir }) => {
      const twin = `${resolveDir}/${path.slice(2)}.lite.ts`
      return existsSync(twin) ? { path: twin } : undefined
    }),
}

async function buildModule() {
  mkdirSync(here('dist'), { recursive: true })
  writeFileSync(here('dist/module.js'), await smallest(await bundle('src/module.ts', 'esm')))
}

async function buildScripts() {
  mkdirSync(target, { recursive: true })
  const full = Buffer.from(await smallest(await bundle('src/main.ts', 'iife')))
  const small = Buffer.from(await smallest(await bundle('src/main.ts', 'iife', [lite])))
  write('v.js', full)
  write('v.lite.js', small)
  const manifest = { version, file: 'v.js', ...describe(full), lite: { file: 'v.lite.js', ...describe(small) } }
  writeFileSync(target + 'manifest.json', JSON.stringify(manifest, null, 2) + '\n')
  if (process.argv.includes('--release')) keep(manifest, full, small)
  console.log('v.js', manifest.sha256_8, manifest.sizes, 'v.lite.js', manifest.lite.sha256_8, manifest.lite.sizes)
}

/** A released build is served for as long as somebody may have its address in a page. What is there stays. */
function keep(manifest, full, small) {
  const list = target + 'releases/manifest.json'
  mkdirSync(target + 'releases', { recursive: true })
  const kept = existsSync(list) ? JSON.parse(readFileSync(list, 'utf8')) : {}
  for (const [script, { file, sri, sizes, sha256_8 }] of [[full, manifest], [small, manifest.lite]]) {
    const name = file.replace('.js', `.${sha256_8}.js`)
    write('releases/' + name, script)
    kept[name] = { version, sri, sizes }
  }
  writeFileSync(list, JSON.stringify(kept, null, 2) + '\n')
}

await (process.argv.includes('--package') ? buildModule() : buildScripts())
