import type { Cause, CauseId, Evidence, Finding, RuledOut, Verdict } from '../../model/diagnosis.ts';
import type { CauseRule } from './causes.ts';
import { causeRules, namedFrom } from './causes.ts';
import type { Observation } from './check.ts';
import type { SignId } from './signs.ts';
import { signs } from './signs.ts';
import type { Situation } from './situation.ts';

/** A cause weighed for one subject. */
interface Weighed {
  readonly rule: CauseRule;
  readonly subject: string;
  readonly backend: string | null;
  readonly confidence: number;
  readonly supporting: readonly Observation[];
  readonly contradicting: readonly Observation[];
}

export interface Judgement {
  readonly verdict: Verdict;
  readonly causes: readonly Omit<Cause, 'mitigations'>[];
  readonly ruledOut: readonly RuledOut[];
  readonly evidence: readonly Evidence[];
}

/** Decides from what was seen. Pure: the same observations always give the same verdict. */
export function weigh(situation: Situation, observations: readonly Observation[]): Judgement {
  const considered = consider(situation, observations);
  const named = considered.filter((weighed) => weighed.confidence >= namedFrom);
  const refuted = considered.filter((weighed) => weighed.confidence < namedFrom);
  const evidence = observations.map((seen, index) => toEvidence(seen, `e${index + 1}`, named, refuted));
  const idOf = new Map(observations.map((seen, index) => [seen, `e${index + 1}`]));
  return {
    verdict: verdictOf(situation, observations, named),
    causes: mergeSubjects(named, idOf),
    ruledOut: ruledOutOf(observations, named, idOf),
    evidence,
  };
}

/** Every cause for every subject that has at least one sign for it, in the order of the table. */
function consider(situation: Situation, observations: readonly Observation[]): Weighed[] {
  const weighed: Weighed[] = [];
  for (const rule of causeRules) {
    for (const subject of subjectsFor(rule, observations)) {
      const result = weighOne(rule, subject, situation, observations);
      if (!yields(rule, result, weighed)) weighed.push(result);
    }
  }
  return weighed;
}

interface Subject {
  readonly name: string;
  readonly backend: string | null;
}

function subjectsFor(rule: CauseRule, observations: readonly Observation[]): Subject[] {
  const decisive = new Set(rule.needs.flat());
  const found = new Map<string, Subject>();
  for (const seen of observations) {
    if (!decisive.has(seen.sign)) continue;
    if (scopeOf(seen) !== rule.scope) continue;
    found.set(seen.subject, { name: seen.subject, backend: seen.backend });
  }
  return [...found.values()];
}

/** What kind of thing an observation is about, read from its subject. */
export function scopeOf(seen: Pick<Observation, 'subject' | 'backend'>): CauseRule['scope'] {
  if (seen.subject.startsWith('path:')) return 'path';
  if (seen.subject.startsWith('client:')) return 'client';
  if (seen.subject.startsWith('route:')) return 'route';
  if (seen.backend === null) return 'target';
  return seen.subject === seen.backend ? 'backend' : 'server';
}

function weighOne(rule: CauseRule, subject: Subject, situation: Situation, observations: readonly Observation[]): Weighed {
  const about = observations.filter((seen) => speaksAbout(seen, subject, situation));
  const supporting = about.filter((seen) => rule.speaksFor[seen.sign] !== undefined);
  const contradicting = about.filter((seen) => rule.speaksAgainst[seen.sign] !== undefined);
  const satisfied = rule.needs.every((group) => about.some((seen) => group.includes(seen.sign)));
  const doubt = product(distinctSigns(supporting), (sign) => 1 - (rule.speaksFor[sign] ?? 0));
  const left = product(distinctSigns(contradicting), (sign) => 1 - (rule.speaksAgainst[sign] ?? 0));
  const confidence = satisfied ? (1 - doubt) * left : 0;
  return { rule, subject: subject.name, backend: subject.backend, confidence, supporting, contradicting };
}

/** A sign speaks about its own subject, and a sign of the backend or the target about everything in it. */
function speaksAbout(seen: Observation, subject: Subject, situation: Situation): boolean {
  if (seen.subject === subject.name && seen.backend === subject.backend) return true;
  if (seen.backend === null && seen.subject === situation.target.name) return true;
  return seen.backend !== null && seen.subject === seen.backend && seen.backend === subject.backend;
}

function distinctSigns(observations: readonly Observation[]): SignId[] {
  return [...new Set(observations.map((seen) => seen.sign))];
}

function product(found: readonly SignId[], factor: (sign: SignId) => number): number {
  return found.reduce((result, sign) => result * factor(sign), 1);
}

/** Whether a cause that explains the same subject better was already named. */
function yields(rule: CauseRule, result: Weighed, earlier: readonly Weighed[]): boolean {
  return earlier.some(
    (other) =>
      other.confidence >= namedFrom && rule.yieldsTo.includes(other.rule.id) && (other.subject === result.subject || covers(other, result)),
  );
}

/** A target covers all its backends; a backend its servers; and a server, path or client speaks for its backend. */
function covers(wide: Weighed, narrow: Weighed): boolean {
  if (wide.rule.scope === 'target') return true;
  if (wide.backend === null || wide.backend !== narrow.backend) return false;
  return wide.rule.scope === 'backend' || narrow.rule.scope === 'backend';
}

function mergeSubjects(named: readonly Weighed[], idOf: ReadonlyMap<Observation, string>): Omit<Cause, 'mitigations'>[] {
  const byId = new Map<CauseId, Weighed[]>();
  for (const weighed of named) byId.set(weighed.rule.id, [...(byId.get(weighed.rule.id) ?? []), weighed]);
  return [...byId.entries()].map(([id, all]) => ({
    id,
    subjects: all.map((weighed) => weighed.subject),
    confidence: Math.round(Math.max(...all.map((weighed) => weighed.confidence)) * 100) / 100,
    because: evidenceIds(
      all.flatMap((weighed) => weighed.supporting),
      idOf,
    ),
  }));
}

function evidenceIds(observations: readonly Observation[], idOf: ReadonlyMap<Observation, string>): string[] {
  return [...new Set(observations.map((seen) => idOf.get(seen)).filter((id) => id !== undefined))];
}

/** A cause is ruled out when it is named nowhere, nothing decisive was seen for it, and something makes it impossible. */
function ruledOutOf(observations: readonly Observation[], named: readonly Weighed[], idOf: ReadonlyMap<Observation, string>): RuledOut[] {
  return causeRules.flatMap((rule): RuledOut[] => {
    const decisive = rule.needs[0] ?? [];
    if (named.some((weighed) => weighed.rule.id === rule.id) || observations.some((seen) => decisive.includes(seen.sign))) return [];
    const against = observations.filter((seen) => signs[seen.sign].rulesOut?.includes(rule.id));
    return against.length === 0 ? [] : [{ id: rule.id, because: evidenceIds(against, idOf) }];
  });
}

function toEvidence(seen: Observation, id: string, named: readonly Weighed[], refuted: readonly Weighed[]): Evidence {
  const { finding, cause } = findingOf(seen, named, refuted);
  return {
    id,
    check: seen.check,
    finding,
    cause,
    subject: seen.subject,
    summary: seen.summary,
    facts: seen.facts,
    observedAt: new Date(seen.at).toISOString(),
    durationMs: seen.durationMs,
    fix: seen.fix,
  };
}

/** For a named cause first, then against one; a lone bad sign stays neutral. */
function findingOf(seen: Observation, named: readonly Weighed[], refuted: readonly Weighed[]): { finding: Finding; cause: CauseId | null } {
  if (seen.sign === 'could-not-look') return { finding: 'unknown', cause: null };
  const supported = named.find((weighed) => weighed.supporting.includes(seen));
  if (supported) return { finding: 'supports', cause: supported.rule.id };
  const opposed = [...refuted, ...named].find((weighed) => weighed.contradicting.includes(seen));
  if (opposed) return { finding: 'contradicts', cause: opposed.rule.id };
  const impossible = signs[seen.sign].rulesOut?.find((cause) => !named.some((weighed) => weighed.rule.id === cause));
  return impossible === undefined ? { finding: 'neutral', cause: null } : { finding: 'contradicts', cause: impossible };
}

/**
 * `no-fault-found` only when what had to be looked at was looked at and nothing bad was left unexplained:
 * unknown is never healthy.
 */
function verdictOf(situation: Situation, observations: readonly Observation[], named: readonly Weighed[]): Verdict {
  if (named.length > 0) return 'cause-found';
  if (observations.some((seen) => signs[seen.sign].bad)) return 'undetermined';
  return essentials(situation).every((group) => observations.some((seen) => group.includes(seen.sign))) ? 'no-fault-found' : 'undetermined';
}

/** What must have been seen healthy before "no fault found" may be said, per claim of the alert. */
function essentials(situation: Situation): readonly (readonly SignId[])[] {
  const proxy: readonly SignId[] = ['metrics-answer', 'proxy-answers'];
  const server: readonly SignId[] = ['proxy-says-up', 'business-ok', 'business-answers', 'backend-serves', 'tcp-connects'];
  switch (situation.family) {
    case 'proxy-down':
      // The alert is about the metrics: that the proxy answers elsewhere does not refute it.
      return [['metrics-answer']];
    case 'proxy-load':
      // No check measures load over time, so that none can say that there is nothing to it.
      return [[]];
    case 'unrouted':
      return [proxy, ['routes-fine', 'traffic-clean', 'traffic-none']];
    case 'errors-4xx':
      return [proxy, server, ['traffic-clean', 'traffic-none']];
    case 'errors-5xx':
      return [proxy, server, ['traffic-clean', 'traffic-none', 'business-ok']];
    default:
      return situation.backend === null ? [proxy] : [proxy, server];
  }
}
