import { defineConfig } from 'vitest/config';

const patience = { testTimeout: 30_000, hookTimeout: 60_000, setupFiles: ['./scripts/fixed-seed.ts'] };

/** Pages in a browser, over a scripted server. */
const browser = 'web/test/!(real-daemon).test.ts';

/** Tests that start real proxies or the daemon. They mostly wait: two of them at once leave room, more would starve each other. */
const real = [
  'lab/**/*.test.ts',
  // Without the one that only runs promtool, for minutes: two workers share those.
  'test/acceptance/!(catalog-rules).test.ts',
  'test/{conformance,scenarios}/**/*.test.ts',
  'web/test/real-daemon.test.ts',
  'src/main.test.ts',
  'src/app/**/*.test.ts',
  'src/connectors/proxies/**/*.test.ts',
  'src/connectors/metrics/**/*.test.ts',
  'src/respond/mitigation/live-*.test.ts',
];

export default defineConfig({
  test: {
    reporters: [process.env['CI'] ? 'dot' : 'default', './scripts/closing-line.ts'],
    projects: [
      {
        test: {
          name: 'pure',
          include: ['src/**/*.test.ts', 'scripts/**/*.test.ts', 'test/acceptance/catalog-rules.test.ts'],
          exclude: real,
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
          ...patience,
        },
      },
      { test: { name: 'browser', include: [browser], maxWorkers: 2, sequence: { groupOrder: 1 }, ...patience } },
      { test: { name: 'real', include: real, maxWorkers: 2, sequence: { groupOrder: 2 }, ...patience } },
      // In fast motion: two labs leave room, with more the start of one starves the checks of another.
      {
        test: {
          name: 'catalog',
          include: ['test/catalog/**/*.test.ts'],
          maxWorkers: 2,
          maxConcurrency: 1,
          sequence: { groupOrder: 3 },
          ...patience,
        },
      },
    ],
  },
});
