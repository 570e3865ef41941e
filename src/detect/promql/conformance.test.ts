import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { runTestScript } from './test-language.ts';

const directory = new URL('../../../../shared/conformance/promqltest/', import.meta.url);
const files = existsSync(directory) ? readdirSync(directory).filter((name) => name.endsWith('.test')) : [];

/** How many evals of each file pass at least. Raise a number when more do; never lower one. */
const floors: Readonly<Record<string, number>> = {
  'aggregators.test': 134,
  'at_modifier.test': 60,
  'collision.test': 2,
  'duration_expression.test': 50,
  'extended_vectors.test': 125,
  'fill-modifier.test': 35,
  'functions.test': 338,
  'histograms.test': 143,
  'info.test': 39,
  'limit.test': 26,
  'literals.test': 18,
  'name_label_dropping.test': 28,
  'native_histograms.test': 418,
  'operators.test': 172,
  'range_queries.test': 15,
  'selectors.test': 30,
  'staleness.test': 14,
  'start_timestamps.test': 22,
  'subquery.test': 31,
  'trig_functions.test': 14,
  'type_and_unit.test': 47,
};

describe.skipIf(files.length === 0)('upstream PromQL files (skipped without ../shared/conformance/promqltest)', () => {
  test.each(files)('%s', (name) => {
    const cases = runTestScript(readFileSync(new URL(name, directory), 'utf8'));
    const failed = cases.filter(({ problem }) => problem !== null);
    const floor = floors[name] ?? 0;
    expect(cases.length - failed.length, failed.map(({ line, problem }) => `${line}: ${problem}`).join('\n')).toBeGreaterThanOrEqual(floor);
  });
});

const found = new URL('../../../test/conformance/cases/', import.meta.url);

/** Minimal forms of differences to Prometheus' engine that the oracle found, with its answers. */
test.each(readdirSync(found))('%s, which the oracle found, holds', (name) => {
  const cases = runTestScript(readFileSync(new URL(name, found), 'utf8'));
  expect(cases.length).toBeGreaterThan(0);
  expect(cases.filter(({ problem }) => problem !== null)).toEqual([]);
});
