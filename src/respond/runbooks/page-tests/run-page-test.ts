import type { Cause, CauseId } from '../../../model/diagnosis.ts';
import type { ProxyState } from '../../../model/proxy.ts';
import { allChecks } from '../../diagnosis/all-checks.ts';
import { stateQuestion } from '../../diagnosis/ask.ts';
import type { Observation } from '../../diagnosis/check.ts';
import { judged } from '../../diagnosis/diagnose.ts';
import type { Situation } from '../../diagnosis/situation.ts';
import { weigh } from '../../diagnosis/weigh.ts';
import type { ActionSituation } from '../../mitigation/action.ts';
import type { Intent } from '../../mitigation/control.ts';
import { actionsFor, mitigationOffers } from '../../mitigation/mitigations.ts';
import type { Page } from '../page.ts';
import { offeringStep, reportSteps } from '../step-reports.ts';
import { controlFrom, observationsFrom, situationFrom, stateFrom } from './made-up-situation.ts';
import type { Expected, ExpectedPlan, PageTest } from './page-test.ts';
import type { RecordedControl, Recording } from './recording.ts';

/** What came out otherwise than expected: `-` was expected and is not there, `+` is there and was not expected. */
export interface Difference {
  readonly about: string;
  readonly lines: readonly string[];
}

/** What a page makes of a situation. */
interface Outcome {
  readonly verdict: string;
  readonly causes: readonly Cause[];
  readonly ruledOut: readonly CauseId[];
  readonly offers: readonly string[];
  readonly steps: ReadonlyMap<string, string>;
  readonly plans: readonly ExpectedPlan[];
}

/** The world as a test has it. */
interface Stage {
  readonly situation: Situation;
  readonly observations: readonly Observation[];
  readonly state: ProxyState | null;
  readonly control: RecordedControl;
}

/** Runs the page against the situation of a test. Nothing is asked of the world. `recording`: the one that the test names. */
export function runPageTest({ situation, expected }: PageTest, page: Page, recording: Recording | null): readonly Difference[] {
  return differences(expected, outcomeOf(page, stageOf(situation, recording)));
}

function stageOf(situation: PageTest['situation'], recording: Recording | null): Stage {
  if (!('recorded' in situation)) {
    return {
      situation: situationFrom(situation),
      observations: observationsFrom(situation),
      state: stateFrom(situation),
      control: controlFrom(situation),
    };
  }
  if (recording === null) throw new RangeError(`the recording ${situation.recorded} was not handed in`);
  return replayed(recording);
}

/** The checks judge the recorded answers as they would have at that moment. */
function replayed({ situation, answers, control }: Recording): Stage {
  const clock = { now: () => situation.nowMs };
  const observations = allChecks.flatMap((check) => judged(check, situation, answers, clock));
  return { situation, observations, state: answers.value(stateQuestion(situation)), control };
}

function outcomeOf(page: Page, stage: Stage): Outcome {
  const { situation, observations } = stage;
  const judgement = weigh(situation, observations);
  const causes = judgement.causes.map((cause): Cause => ({ ...cause, mitigations: mitigationOffers(cause.id, situation.target.proxy) }));
  const steps = reportSteps(page, { causes, evidence: judgement.evidence });
  return {
    verdict: judgement.verdict,
    causes,
    ruledOut: judgement.ruledOut.map(({ id }) => id),
    offers: offersOf(page, causes),
    steps: new Map(steps.map(({ id, outcome }) => [id, outcome])),
    plans: causes.map((cause) =>
      planFor(page, { ...stage.control, cause, evidence: judgement.evidence, backend: situation.backend, state: stage.state }),
    ),
  };
}

/** Actions that the page offers for what was found, as far as they answer it on this proxy. */
function offersOf(page: Page, causes: readonly Cause[]): string[] {
  const offered = causes.flatMap(({ id, mitigations }) => mitigations.filter(({ action }) => offeringStep(page, action, id) !== null));
  return [...new Set(offered.map(({ action }) => action))];
}

/** The plan that would be proposed: the first action that can answer the cause here. */
function planFor(page: Page, situation: ActionSituation): ExpectedPlan {
  const { cause, target } = situation;
  const reasons: string[] = [];
  for (const action of actionsFor(cause.id, target.proxy)) {
    const intents = action.intents(situation);
    if (!('impossible' in intents)) {
      return {
        for: cause.id,
        action: action.id,
        step: offeringStep(page, action.id, cause.id)?.id ?? null,
        changes: intents.map(intentText),
      };
    }
    reasons.push(`${action.id}: ${intents.impossible}`);
  }
  return { for: cause.id, none: reasons.join('; ') || `no action answers ${cause.id} on ${target.proxy}; it stays with a person` };
}

/** An intent in a few words, as test files write it. */
function intentText(intent: Intent): string {
  switch (intent.kind) {
    case 'restart':
      return `restart ${intent.subject}: ${intent.argv.join(' ')}`;
    case 'server-administrative':
      return `${intent.subject} becomes ${intent.becomes}`;
    case 'server-address':
      return `${intent.subject} moves to ${intent.host}:${intent.port}`;
    case 'service-servers':
      return [
        ...intent.without.map((subject) => `${intent.backend} without ${subject}`),
        ...intent.replace.map(({ subject, url }) => `${subject} moves to ${url}`),
      ].join(', ');
    case 'limit':
      return `${intent.client ?? 'everybody'} is limited to ${intent.averagePerSecond}/s on ${intent.backend}${intent.path ?? ''}`;
  }
}

function differences(expected: Expected, found: Outcome): readonly Difference[] {
  const causes = found.causes.map(({ id, subjects }) => causeText(id, subjects));
  const said: (Difference | null)[] = [
    difference('verdict', [expected.verdict], [found.verdict]),
    expected.causes === null
      ? null
      : difference(
          'causes',
          [...expected.causes].map(([id, subjects]) => causeText(id, subjects)),
          causes,
        ),
    difference(
      'ruled_out',
      expected.ruledOut,
      found.ruledOut.filter((id) => expected.ruledOut.includes(id)),
    ),
    expected.offers === null ? null : difference('offers', expected.offers, found.offers),
    difference(
      'steps',
      [...expected.steps].map(stepText),
      [...expected.steps.keys()].map((id) => stepText([id, found.steps.get(id) ?? 'no such step'])),
    ),
    expected.plans === null ? null : difference('plans', ...planTexts(expected.plans, found.plans)),
  ];
  return said.filter((one) => one !== null);
}

function difference(about: string, expected: readonly string[], found: readonly string[]): Difference | null {
  const missing = expected.filter((one) => !found.includes(one)).map((one) => `- ${one}`);
  const surplus = found.filter((one) => !expected.includes(one)).map((one) => `+ ${one}`);
  return missing.length + surplus.length === 0 ? null : { about, lines: [...missing, ...surplus] };
}

function causeText(id: CauseId, subjects: readonly string[]): string {
  return `${id}: ${[...subjects].sort().join(', ')}`;
}

function stepText([id, outcome]: readonly [string, string]): string {
  return `${id}: ${outcome}`;
}

/** Both lists as texts; where no plan is expected, the expected words need only occur in the reason. */
function planTexts(expected: readonly ExpectedPlan[], found: readonly ExpectedPlan[]): [string[], string[]] {
  const texts = expected.map((plan) => {
    if (!('none' in plan)) return planText(plan);
    const same = found.find((other) => other.for === plan.for && 'none' in other && other.none.includes(plan.none));
    return planText(same ?? plan);
  });
  return [texts, found.map(planText)];
}

function planText(plan: ExpectedPlan): string {
  if ('none' in plan) return `none for ${plan.for}: ${plan.none}`;
  return `${plan.action} for ${plan.for}, ${plan.step === null ? 'no step offers it' : `offered by ${plan.step}`}: ${plan.changes.join('; ') || 'no change'}`;
}
