import type { StateStore } from '../respond/incidents/state-store.ts';

/** Takes everything and knows nothing, for rules whose alerts need not outlive a test. */
export const noState: StateStore = {
  get: async () => null,
  put: async () => 1,
  putAll: async () => undefined,
  list: async () => [],
  remove: async () => undefined,
};
