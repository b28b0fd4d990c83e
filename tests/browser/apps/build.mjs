// Builds the apps in this folder into the folder named on the command line, one file each.
import { fileURLToPath } from 'node:url'
import { build } from 'vite'

const here = fileURLToPath(new URL('.', import.meta.url))

for (const app of ['react', 'vue'])
  await build({
    root: here + app,
    configFile: false,
    logLevel: 'error',
    define: { 'process.env.NODE_ENV': '"production"', __VUE_OPTIONS_API__: 'false', __VUE_PROD_DEVTOOLS__: 'false' },
    build: {
      outDir: `${process.argv[2]}/${app}`,
      lib: { entry: 'main.js', formats: ['es'], fileName: () => 'app.js' },
    },
  })
