import type { Guard } from './guard.ts';
import { audit } from './guards/audit.ts';
import { breaker } from './guards/breaker.ts';
import { capacity } from './guards/capacity.ts';
import { freshState } from './guards/fresh-state.ts';
import { handsOff } from './guards/hands-off.ts';
import { lastServer } from './guards/last-server.ts';
import { lease } from './guards/lease.ts';
import { minHealthy } from './guards/min-healthy.ts';
import { mode } from './guards/mode.ts';
import { noRegression } from './guards/no-regression.ts';
import { pause } from './guards/pause.ts';
import { rateLimit } from './guards/rate-limit.ts';
import { selfLockout } from './guards/self-lockout.ts';
import { storm } from './guards/storm.ts';

/** All of them judge every plan; the order is the one in which people read the reasons. */
export const guards: readonly Guard[] = [
  mode,
  pause,
  handsOff,
  freshState,
  minHealthy,
  lastServer,
  capacity,
  noRegression,
  selfLockout,
  lease,
  rateLimit,
  breaker,
  storm,
  audit,
];
