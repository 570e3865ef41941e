import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'lab/**/*.test.ts', 'test/**/*.test.ts', 'scripts/**/*.test.ts', 'web/test/**/*.test.ts'],
    reporters: [process.env['CI'] ? 'dot' : 'default', './scripts/closing-line.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Tests start real proxies and browsers: more at once than cores only makes them wait for each other.
    maxWorkers: 2,
  },
});
