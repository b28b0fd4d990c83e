import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    environment: 'happy-dom',
    environmentOptions: { happyDOM: { url: 'https://www.acme.test/pricing' } },
    include: ['test/*.test.ts'],
    setupFiles: ['test/setup.ts'],
    unstubGlobals: true,
    restoreMocks: true,
  },
})
