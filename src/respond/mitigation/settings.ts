/** How far we may go by ourselves, as `mitigation:` of the configuration says. */
export type MitigationMode = 'off' | 'observe' | 'suggest' | 'approve' | 'auto';

/** How many servers of a backend must stay. A percentage is of the configured servers, rounded up. */
export interface MinHealthy {
  readonly unit: 'percent' | 'servers';
  readonly value: number;
}

export interface MitigationSettings {
  readonly mode: MitigationMode;
  /** By action id; an action that is not in it follows `mode`. */
  readonly actions: Readonly<Record<string, { readonly mode: MitigationMode }>>;
  readonly minHealthy: MinHealthy;
  /** What the automation may do within `windowMs`, and when it stands back. */
  readonly limits: {
    readonly windowMs: number;
    readonly perAction: number;
    readonly perTarget: number;
    readonly perRunbook: number;
    readonly total: number;
    readonly stormIncidents: number;
    readonly stormWindowMs: number;
  };
}

export function modeOf(settings: MitigationSettings, action: string): MitigationMode {
  return Object.hasOwn(settings.actions, action) ? (settings.actions[action]?.mode ?? settings.mode) : settings.mode;
}
