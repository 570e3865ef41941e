import type { IncidentView } from '../interfaces/verbs.ts';
import type { Evidence } from '../model/diagnosis.ts';
import type { Incident } from '../model/incident.ts';

type Headline = IncidentView['headline'];

const headlineMax = 4;
const namedMax = 3;

/** The few numbers that say how bad it is, worst first to read; chat and report take them from here, too. */
export function headlineOf({ diagnosis }: Pick<Incident, 'diagnosis'>): Headline {
  const evidence = diagnosis?.evidence ?? [];
  const numbers = [...usableServers(evidence), ...failedRequests(evidence), ...shares(evidence), ...errors(evidence)];
  return numbers.filter((number, index) => numbers.findIndex(({ label }) => label === number.label) === index).slice(0, headlineMax);
}

function usableServers(evidence: readonly Evidence[]): Headline {
  return evidence.flatMap(({ facts: { usable, servers } }) =>
    typeof usable === 'number' && typeof servers === 'number'
      ? [{ label: 'servers that take traffic', value: `${usable} of ${servers}`, unit: '', bad: usable < servers }]
      : [],
  );
}

function failedRequests(evidence: readonly Evidence[]): Headline {
  return evidence.flatMap(({ check, facts: { requests, errors: failed } }) =>
    check === 'traffic/volume' && typeof requests === 'number' && typeof failed === 'number' && requests > 0
      ? [{ label: `failed, ${failed} of ${requests} requests`, value: percent(failed / requests), unit: '%', bad: failed > 0 }]
      : [],
  );
}

function shares(evidence: readonly Evidence[]): Headline {
  return evidence.flatMap(({ check, finding, subject, facts: { share } }) =>
    finding === 'supports' && check.startsWith('traffic/') && typeof share === 'number'
      ? [{ label: `failed by ${subject}`, value: percent(share), unit: '%', bad: true }]
      : [],
  );
}

/** One number per kind of error: all servers that refuse a connection are one thing to know. */
function errors(evidence: readonly Evidence[]): Headline {
  const subjects = new Map<string, string[]>();
  for (const { finding, subject, facts } of evidence) {
    if (finding !== 'supports' || typeof facts['error'] !== 'string') continue;
    subjects.set(facts['error'], [...(subjects.get(facts['error']) ?? []), subject]);
  }
  return [...subjects].map(([error, names]) => ({ label: listed(names), value: error, unit: '', bad: true }));
}

function listed(names: readonly string[]): string {
  const more = names.length - namedMax;
  return names.slice(0, namedMax).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

function percent(share: number): string {
  return (share * 100).toFixed(1);
}
