import { describe, expect, it } from 'vitest';
import { clientAddresses, scannerPaths, spread, usualPaths } from './traffic.ts';

describe('the requests of the lab', () => {
  it('ask every path as often as its weight, mixed', () => {
    expect(
      spread([
        { path: '/a', weight: 3 },
        { path: '/b', weight: 1 },
      ]),
    ).toEqual(['/a', '/a', '/b', '/a']);
    const round = spread(usualPaths);
    for (const { path, weight } of usualPaths) expect(round.filter((one) => one === path)).toHaveLength(weight);
  });

  it('come from as many addresses of loopback as asked for, 250 at most', () => {
    expect(clientAddresses(2)).toEqual(['127.0.1.1', '127.0.1.2']);
    expect(clientAddresses(1000)).toHaveLength(250);
  });

  it('of a scanner are all different', () => {
    expect(new Set(scannerPaths(400).map(({ path }) => path)).size).toBe(400);
  });
});
