import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { launch } from './browser.ts';
import { type FixtureServer, startFixtureServer } from './fixture-server.ts';

/** One browser for all tests of the `describe` that asks, and a fresh server for each of them. */
export function fixtureStage(): { readonly browser: Browser; readonly server: FixtureServer } {
  const stage: { browser?: Browser; server?: FixtureServer } = {};
  beforeAll(async () => {
    stage.browser = await launch();
  });
  afterAll(async () => {
    await stage.browser?.close();
  });
  beforeEach(async () => {
    stage.server = await startFixtureServer();
  });
  afterEach(async () => {
    await stage.server?.close();
  });
  return {
    get browser() {
      return started(stage.browser);
    },
    get server() {
      return started(stage.server);
    },
  };
}

function started<T>(part: T | undefined): T {
  if (part === undefined) throw new Error('asked outside of a test');
  return part;
}
