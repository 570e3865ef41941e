import { expect, test } from 'vitest';
import { scriptedAt, scriptedIncident, scriptedPlan } from '../scripted-verbs.ts';
import type { TopologyView } from '../verbs.ts';
import { diagnosisJson, incidentJson, planJson, topologyJson } from './json.ts';

test('evidence says whether it has samples only where somebody looked', () => {
  const seen = diagnosisJson({ ...scriptedIncident, plotted: ['e1'] });
  expect(seen).toMatchObject({
    verdict: 'cause-found',
    evidence: [
      { id: 'e1', hasSeries: true },
      { id: 'e2', hasSeries: false },
      { id: 'e3', hasSeries: false },
    ],
  });
  expect(JSON.stringify(diagnosisJson(scriptedIncident))).not.toContain('hasSeries');
  expect(diagnosisJson({ ...scriptedIncident, diagnosis: null })).toBeNull();
});

test('a row of the list has no diagnosis and nothing of what only the page needs', () => {
  const row = incidentJson({ ...scriptedIncident, plotted: ['e1'] });
  expect(Object.keys(row)).not.toEqual(expect.arrayContaining(['diagnosis']));
  expect(row).not.toHaveProperty('plotted');
  expect(row).not.toHaveProperty('ticks');
  expect(row).toMatchObject({ openedAt: new Date(scriptedAt).toISOString(), causes: [{ id: 'connection-refused' }] });
});

test('the commands of a plan are texts everywhere, the wire form stands beside them', () => {
  const [command] = scriptedPlan.commands;
  if (command === undefined) throw new Error('the scripted plan has a command');
  const progress = [{ command, state: 'ok' as const, observed: 'listening' }];
  expect(planJson({ ...scriptedPlan, progress, supersededBy: 'p2' })).toMatchObject({
    commands: ['systemctl restart api@1'],
    wire: { commands: [command] },
    progress: [{ command: 'systemctl restart api@1', state: 'ok', observed: 'listening' }],
    supersededBy: 'p2',
  });
  expect(planJson(scriptedPlan)).toMatchObject({ progress: [], supersededBy: null });
});

test('a map has instants as text, and what nobody knows stays null', () => {
  const rates = { rps: null, errorShare: null };
  const server = {
    ...{ id: 's1', address: null, state: 'down' as const, failing: true, reason: 'connection-refused', weight: null, connections: null },
    ...{ limit: null, queue: null, backup: false, check: { status: 'L4CON', at: scriptedAt }, foreign: null, ...rates },
    change: { plan: 'p1', action: 'haproxy/drain-server', actor: 'mia', at: null, liftsAt: null },
  };
  const backend = { id: 'api', state: 'down' as const, ready: null, needed: 1, queue: null, incident: 'i1', servers: [server], ...rates };
  const map: TopologyView = {
    ...{ proxy: 'haproxy', version: null, at: scriptedAt, staleAfterMs: 15_000, entries: null, routes: null, gaps: [] },
    backends: [backend],
  };
  const at = new Date(scriptedAt).toISOString();
  expect(topologyJson(map)).toMatchObject({
    at,
    entries: null,
    backends: [{ id: 'api', ready: null, servers: [{ id: 's1', check: { status: 'L4CON', at }, change: { plan: 'p1', at: null } }] }],
  });
  expect(topologyJson({ ...map, backends: null })).toMatchObject({ backends: null });
});
