import { afterEach, describe, expect, it } from 'vitest';
import { ExpositionPlayer, type Step } from './player.ts';
import { traefikOneRun, traefikOneText } from './traefik-one.ts';

const text = (value: number): Step => ({ kind: 'text', text: `up ${value}\n` });

describe('an exposition player', () => {
  let player: ExpositionPlayer | null = null;
  const play = async (steps: readonly Step[], hold = false) => {
    player = await ExpositionPlayer.start(steps, { hold });
    return player;
  };
  const read = async () => (await fetch(player?.url ?? '')).text();

  afterEach(() => player?.stop());

  it('takes one step per fetch and stays at the last', async () => {
    await play([text(1), text(2)]);
    expect([await read(), await read(), await read()]).toEqual(['up 1\n', 'up 2\n', 'up 2\n']);
    expect(player?.fetches).toBe(3);
  });

  it('waits for an order when told to hold', async () => {
    const held = await play([text(1), text(2)], true);
    expect([await read(), await read()]).toEqual(['up 1\n', 'up 1\n']);
    held.goTo(1);
    expect(await read()).toBe('up 2\n');
    expect(() => held.goTo(2)).toThrow(/no step 2; there are 2/);
  });

  it('fails as endpoints do', async () => {
    const held = await play([{ kind: 'status', status: 500 }, { kind: 'cut', text: 'up 1\n'.repeat(20) }, { kind: 'hang' }], true);
    expect((await fetch(held.url)).status).toBe(500);
    held.goTo(1);
    await expect(read()).rejects.toThrow();
    held.goTo(2);
    await expect(fetch(held.url, { signal: AbortSignal.timeout(100) })).rejects.toThrow(/abort/);
  });

  it('has something to play', async () => {
    await expect(ExpositionPlayer.start([])).rejects.toThrow(RangeError);
  });
});

describe('a Traefik 1', () => {
  const state = { backend: 'shop', servers: [{ url: 'http://127.0.0.1:1', up: false }], requests: { '200': 5 } };

  it('calls things by its own names', () => {
    const lines = traefikOneText(state).split('\n');
    expect(lines).toContain('traefik_backend_server_up{backend="shop",url="http://127.0.0.1:1"} 0');
    expect(lines).toContain('traefik_backend_requests_total{backend="shop",code="200",method="GET",protocol="http"} 5');
  });

  it('counts on from step to step', () => {
    const run = traefikOneRun(state, [{ more: { '200': 1 } }, { more: { '500': 2 }, servers: [] }]);
    expect(run[0]).toContain('code="200",method="GET",protocol="http"} 6');
    expect(run[1]).toContain('code="500",method="GET",protocol="http"} 2');
    expect(run[1]).not.toContain('traefik_backend_server_up{');
  });
});
