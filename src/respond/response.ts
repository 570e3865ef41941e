import type { Clock } from '../base/clock.ts';
import type { Alert } from '../model/alert.ts';
import type { Cause } from '../model/diagnosis.ts';
import type { Incident } from '../model/incident.ts';
import type { Plan } from '../model/plan.ts';
import { type IncidentDesk, machine } from './incidents/incident-desk.ts';
import type { IncidentStore } from './incidents/incident-store.ts';
import type { PlacedAlert } from './incidents/place-alert.ts';
import type { Look } from './look.ts';
import type { ActionSituation } from './mitigation/action.ts';
import type { ApprovalResult, Mitigation } from './mitigation/mitigation.ts';
import type { MitigationSettings } from './mitigation/settings.ts';
import { modeOf } from './mitigation/settings.ts';
import type { Verification } from './mitigation/verification.ts';
import { verify } from './mitigation/verification.ts';
import { isSettling, verificationFacts } from './recovery.ts';
import type { Page } from './runbooks/page.ts';
import { offeringStep } from './runbooks/step-reports.ts';

export interface ResponseParts {
  readonly desk: IncidentDesk;
  readonly incidents: IncidentStore;
  readonly mitigation: Mitigation;
  readonly clock: Clock;
  /** Settles after the time, or at once when the signal aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** Which target and backend an alert is about; null when none of ours. */
  place(alert: Alert): Promise<PlacedAlert | null>;
  /** Runs the runbook of an incident's alert. `sinceAt`: look only at traffic after this instant. The signal breaks it off. */
  look(incident: Incident, sinceAt: number | null, signal: AbortSignal): Promise<Look>;
  /** What an action has to know about the target and its servers. */
  actionSituation(look: Look, cause: Cause): Promise<ActionSituation>;
  settings(): MitigationSettings;
  /** Health before a plan ran, as the executor remembered it. */
  baseline(planId: string): Promise<unknown>;
  plan(planId: string): Promise<Plan | null>;
  plansOf(incident: string): Promise<readonly Plan[]>;
  /** Plans that wait for somebody's yes, of all incidents. */
  proposedPlans(): Promise<readonly Plan[]>;
  /** Whether a target is configured: a reload may have taken it away under an open incident. */
  watches(target: string): boolean;
  /** Every alert that fires now, ours and inbound. */
  firing(): readonly Alert[];
  /** Something went wrong in our own code: for the log. */
  onBug(error: unknown): void;
}

/** A fault may be half there when the first alert fires: look again after these pauses until the cause is known. */
const lookAgainAfterMs = [3_000, 5_000, 10_000, 20_000, 30_000];
const lookNowAndThenMs = 30_000;
/** How long a plan waits for the proxy to notice what we already know. */
const settlingMaxMs = 5_000;
const settlingPauseMs = 500;
const verifyEveryMs = 1_000;
/** Recovery is judged by the latest traffic: the seconds until a restarted server was noticed again do not count against it. */
const verifiedTrafficMs = 5_000;
const recoveryDeadlineMs = 120_000;
const errorShareMax = 0.05;
/** An incident may end while the window of a rate still holds its errors; an alert that fires on after this is a new problem. */
const drainMs = 5 * 60_000;
/** An alert that fires so long without an incident was lost on the way. */
const lostAfterMs = 30_000;
const recentlyResolvedMax = 100;

/** Work that the end of the program cut off. */
class BrokenOff extends Error {}

/**
 * The life of an incident in order: alert, diagnosis, plan, approval, action, verification, resolved. Everything that
 * concerns one incident happens one after the other; incidents do not wait for each other.
 */
export class Response {
  readonly #parts: ResponseParts;
  readonly #queues = new Map<string, Promise<unknown>>();
  readonly #ending = new AbortController();
  /** The newest round of looks of each incident: one that is overtaken ends. */
  readonly #rounds = new Map<string, number>();
  /** The last verification of each plan, for the page that shows its effect. */
  readonly #effects = new Map<string, Verification>();
  /** Placing and opening must not overlap: two alerts of one problem may come at the same instant. */
  #placing: Promise<unknown> = Promise.resolve();
  /** What was under way before our own start is brought to its end first. */
  #recovered: Promise<unknown> = Promise.resolve();

  constructor(parts: ResponseParts) {
    this.#parts = parts;
  }

  /** A firing alert. Settles when its incident is stored; the diagnosis goes on in the background. */
  async fired(alert: Alert): Promise<void> {
    const placed = await this.#parts.place(alert);
    if (placed === null) return;
    await this.#oneAfterTheOther(async () => {
      if (await this.#isDraining(alert)) return;
      const { incident, worthDiagnosing } = await this.#parts.desk.receive(alert, placed);
      if (worthDiagnosing && this.#parts.settings().mode !== 'off') this.#care(incident.id);
    });
  }

  /** An alert stopped firing. Its incident ends only when the service is seen to be well. */
  async stopped(fingerprint: string, at: number): Promise<void> {
    await this.#oneAfterTheOther(async () => {
      for (const incident of await this.#parts.desk.alertStopped(fingerprint, at)) {
        if (incident.alerts.every((alert) => alert.state === 'resolved')) this.#care(incident.id);
      }
    });
  }

  /** Looks again now, because a person asked. */
  async lookAgain(id: string): Promise<Incident | null> {
    return await this.#queued(id, async () => (await this.#diagnoseOnce(id))?.incident ?? null);
  }

  /** A person's yes to exactly one plan. The answer comes when it is durable; the action follows in the background. */
  async approve(
    planId: string,
    request: { readonly planHash: unknown; readonly reason: unknown },
    actor: { readonly name: string; readonly mayApprove: boolean },
  ): Promise<ApprovalResult> {
    await this.#withdrawIfOver(await this.#parts.plan(planId));
    const result = await this.#parts.mitigation.approve(planId, request, actor);
    if (result.kind === 'approve' && result.plan !== null) this.#start(result.plan);
    return result;
  }

  /** The configuration is another one: what was left alone under the old one may be looked at now. */
  async reconsider(): Promise<void> {
    for (const incident of await this.#parts.desk.open()) this.#care(incident.id);
  }

  /**
   * What time does: plans that nobody answered expire and their incidents are looked at anew, plans of ended incidents
   * are withdrawn, an alert that fires without an incident gets one. Called every few seconds.
   */
  async tend(): Promise<void> {
    for (const plan of await this.#parts.mitigation.expire()) this.#inBackground(plan.incident, () => this.#diagnoseOnce(plan.incident));
    for (const plan of await this.#parts.proposedPlans()) await this.#withdrawIfOver(plan);
    await this.#findLost();
  }

  /** The indicators of a plan's last verification; null before the first one. */
  effectOf(planId: string): Verification | null {
    return this.#effects.get(planId) ?? null;
  }

  /** After a start: unfinished changes get a true end first, then every open incident goes on where it was. */
  async resume(): Promise<void> {
    const recovered = this.#recover();
    this.#recovered = recovered.catch(() => undefined);
    await recovered;
    for (const incident of await this.#parts.desk.open()) {
      const plan = await this.#unverified(incident);
      if (plan !== null) this.#inBackground(incident.id, () => this.#verifyPlan(plan));
      else {
        await this.#parts.desk.setState(incident.id, 'open');
        this.#care(incident.id);
      }
    }
  }

  async #recover(): Promise<void> {
    for (const incident of await this.#parts.desk.open()) {
      const plans = await this.#parts.plansOf(incident.id);
      if (plans.some((plan) => plan.state === 'approved' || plan.state === 'running'))
        await this.#parts.desk.setState(incident.id, 'mitigating');
    }
    await this.#parts.mitigation.recover();
  }

  /** The plan whose effect nobody has judged yet. */
  async #unverified(incident: Incident): Promise<Plan | null> {
    const done = (await this.#parts.plansOf(incident.id)).filter((plan) => plan.state === 'done').at(-1);
    if (done === undefined) return null;
    const timeline = await this.#parts.incidents.timeline(incident.id);
    const judged = timeline.some((entry) => entry.kind === 'verification' && entry.data['plan'] === done.id);
    return judged && incident.state !== 'verifying' ? null : done;
  }

  /** Ends the waiting and settles when nothing of ours is under way any more. */
  async stop(): Promise<void> {
    this.#ending.abort();
    await Promise.allSettled([...this.#queues.values(), this.#placing]);
  }

  #oneAfterTheOther<T>(work: () => Promise<T>): Promise<T> {
    const next = this.#placing.then(work, work);
    this.#placing = next.catch(() => undefined);
    return next;
  }

  #queued<T>(id: string, work: () => Promise<T>): Promise<T> {
    const before = this.#queues.get(id) ?? Promise.resolve();
    const next = before.then(work, work);
    const settled = next
      .catch(() => undefined)
      .then(() => {
        if (this.#queues.get(id) === settled) this.#queues.delete(id);
      });
    this.#queues.set(id, settled);
    return next;
  }

  #inBackground(id: string, work: () => Promise<unknown>): void {
    this.#queued(id, work).catch((error: unknown) => {
      if (!(error instanceof BrokenOff)) this.#parts.onBug(error);
    });
  }

  /** What was broken off at the end of the program says nothing about the world: nobody must rely on it, and the next start looks again. */
  async #look(incident: Incident, sinceAt: number | null): Promise<Look> {
    const look = await this.#parts.look(incident, sinceAt, this.#ending.signal);
    if (this.#ending.signal.aborted) throw new BrokenOff('proxymedic is stopping: the look was broken off');
    return look;
  }

  async #pause(ms: number): Promise<boolean> {
    await this.#parts.sleep(ms, this.#ending.signal);
    return !this.#ending.signal.aborted;
  }

  /** Takes care of an incident from now on: a look at once, soon again until the cause is known, then now and then until it ends. */
  #care(id: string): void {
    const round = (this.#rounds.get(id) ?? 0) + 1;
    this.#rounds.set(id, round);
    this.#inBackground(id, () => this.#lookAround(id, round, 0));
  }

  async #lookAround(id: string, round: number, attempt: number): Promise<void> {
    let pauseMs = lookAgainAfterMs[attempt] ?? lookNowAndThenMs;
    try {
      const incident = await this.#goOn(id);
      if (incident === null || incident.state === 'resolved') {
        this.#rounds.delete(id);
        return;
      }
      const known = incident.verdict === 'cause-found' && incident.alerts.some((alert) => alert.state === 'firing');
      if (known) pauseMs = lookNowAndThenMs;
    } finally {
      // The queue of the incident stays free between two looks: an approval or the end of the alert must not wait.
      if (this.#rounds.get(id) === round) void this.#lookLater(id, round, attempt + 1, pauseMs);
    }
  }

  async #lookLater(id: string, round: number, attempt: number, pauseMs: number): Promise<void> {
    const goOn = await this.#pause(pauseMs);
    if (goOn && this.#rounds.get(id) === round) this.#inBackground(id, () => this.#lookAround(id, round, attempt));
  }

  /** The next step of an incident that is open; answers the incident after it. */
  async #goOn(id: string): Promise<Incident | null> {
    const incident = await this.#parts.incidents.get(id);
    if (incident === null || incident.state !== 'open') return incident;
    if (!this.#parts.watches(incident.target)) {
      await this.#noteOnce(id, `${incident.target} is not configured any more: nobody can look at it, a person has to end this`);
    } else if (incident.alerts.every((alert) => alert.state === 'resolved')) await this.#awaitRecovery(incident);
    else if (this.#parts.settings().mode !== 'off') await this.#diagnoseOnce(id);
    return await this.#parts.incidents.get(id);
  }

  #lookSoon(id: string): void {
    void this.#pause(settlingPauseMs).then((goOn) => {
      if (goOn) this.#inBackground(id, () => this.#diagnoseOnce(id));
    });
  }

  /** The same firing that a resolved incident was about: a rate whose window still holds the old errors. */
  async #isDraining(alert: Alert): Promise<boolean> {
    const found = await this.#resolvedWith(alert);
    return found !== null && this.#parts.clock.now() - (found.resolvedAt ?? 0) < drainMs;
  }

  /** The newest resolved incident that knew this very firing of an alert. */
  async #resolvedWith({ fingerprint, startsAt }: Alert): Promise<Incident | null> {
    const page = await this.#parts.incidents.list({ states: ['resolved'], limit: recentlyResolvedMax });
    const knew = (incident: Incident) => incident.alerts.some((one) => one.fingerprint === fingerprint && one.startsAt === startsAt);
    return page.incidents.find(knew) ?? null;
  }

  /** An alert that fires belongs to an open incident. One that fires on long after its incident ended is a new problem. */
  async #findLost(): Promise<void> {
    const firing = this.#parts.firing();
    if (firing.length === 0) return;
    const held = new Set((await this.#parts.desk.open()).flatMap(({ alerts }) => alerts.map((alert) => alert.fingerprint)));
    const nowMs = this.#parts.clock.now();
    for (const alert of firing) {
      if (held.has(alert.fingerprint) || nowMs - alert.startsAt < lostAfterMs) continue;
      const resolved = await this.#resolvedWith(alert);
      if (resolved !== null && (await this.#endedByHand(resolved.id))) continue;
      await this.fired(alert);
    }
  }

  /** Who ends an incident although its alert fires knows why. */
  async #endedByHand(id: string): Promise<boolean> {
    const timeline = await this.#parts.incidents.timeline(id);
    return timeline.some((entry) => entry.kind === 'resolved' && entry.actor !== machine);
  }

  /** A plan for an incident that ended mends nothing any more. */
  async #withdrawIfOver(plan: Plan | null): Promise<void> {
    if (plan?.state !== 'proposed') return;
    const incident = await this.#parts.incidents.get(plan.incident);
    if (incident?.state === 'resolved') await this.#parts.mitigation.withdraw(plan.id, 'its incident is resolved');
  }

  async #diagnoseOnce(id: string): Promise<{ readonly incident: Incident; readonly look: Look } | null> {
    const before = await this.#parts.incidents.get(id);
    if (before === null || before.state === 'resolved' || !this.#parts.watches(before.target)) return null;
    const look = await this.#look(before, null);
    const incident = await this.#parts.desk.diagnosed(id, look.diagnosis);
    if (incident === null) return null;
    await this.#parts.desk.absorbBackends(id);
    if (incident.state !== 'open') return { incident, look };
    // The cause is known before the proxy itself has noticed everything: a plan made now would be void in a moment.
    if (isSettling(look) && this.#parts.clock.now() - incident.openedAt < settlingMaxMs) this.#lookSoon(id);
    else await this.#propose(incident, look);
    return { incident, look };
  }

  /** One plan per cause that has an answer. What cannot be planned is said once, as a note. */
  async #propose(incident: Incident, look: Look): Promise<void> {
    const { mode } = this.#parts.settings();
    if (mode === 'off' || mode === 'observe') return;
    // A change that is under way is finished before another one is thought of.
    if ((await this.#parts.plansOf(incident.id)).some((plan) => plan.state === 'approved' || plan.state === 'running')) return;
    for (const cause of look.diagnosis.causes) {
      const situation = await this.#parts.actionSituation(look, cause);
      const step =
        look.page === null
          ? null
          : (cause.mitigations.map(({ action }) => offeringStep(look.page as Page, action, cause.id)?.id).find((id) => id !== undefined) ??
            null);
      const plan = await this.#parts.mitigation.propose({
        incident: incident.id,
        step,
        runbook: look.page?.title ?? null,
        action: null,
        situation,
      });
      if ('impossible' in plan) await this.#noteOnce(incident.id, `${cause.id}: ${plan.impossible}`);
      else if (modeOf(this.#parts.settings(), plan.action) === 'auto') {
        const approved = await this.#parts.mitigation.approveAutomatically(plan.id);
        if (approved !== null) this.#start(approved);
      }
    }
  }

  async #noteOnce(id: string, text: string): Promise<void> {
    const timeline = await this.#parts.incidents.timeline(id);
    if (!timeline.some((entry) => entry.summary === text)) await this.#parts.desk.note(id, 'note', text);
  }

  #start(plan: Plan): void {
    this.#inBackground(plan.incident, async () => {
      await this.#recovered;
      await this.#parts.desk.setState(plan.incident, 'mitigating');
      const ran = await this.#parts.mitigation.run(plan.id);
      if (ran?.state === 'done') await this.#verifyPlan(ran);
      else await this.#afterFailure(plan.incident, ran);
    });
  }

  async #afterFailure(id: string, plan: Plan | null): Promise<void> {
    await this.#parts.desk.setState(id, 'open');
    if (plan?.state === 'unknown') await this.#noteOnce(id, `what became of plan ${plan.id} is not known: a person has to look`);
    this.#care(id);
  }

  /** Watches until recovery is proven, refuted, or out of time. Good news needs positive evidence on every indicator. */
  async #verifyPlan(plan: Plan): Promise<void> {
    await this.#parts.desk.setState(plan.incident, 'verifying');
    const doneAt = await this.#doneAt(plan);
    for (;;) {
      const incident = await this.#parts.incidents.get(plan.incident);
      if (incident === null || incident.state === 'resolved') return;
      const present = await this.#parts.plan(plan.id);
      // Somebody took the change back, or took the target away, while we watched it.
      if (present?.state !== 'done' || !this.#parts.watches(plan.target)) return await this.#openAgain(plan.incident);
      const look = await this.#look(incident, Math.max(doneAt, this.#parts.clock.now() - verifiedTrafficMs));
      const facts = verificationFacts({
        plan,
        incident,
        look,
        nowMs: this.#parts.clock.now(),
        doneAtMs: doneAt,
        deadlineMs: recoveryDeadlineMs,
        baseline: await this.#parts.baseline(plan.id),
        errorShareMax,
      });
      const result = verify(facts);
      this.#effects.set(plan.id, result);
      if (result.verdict !== 'waiting') return await this.#settle(plan, result, look);
      if (!(await this.#pause(verifyEveryMs))) return;
    }
  }

  async #doneAt(plan: Plan): Promise<number> {
    const timeline = await this.#parts.incidents.timeline(plan.incident);
    const readBack = timeline.filter((entry) => entry.kind === 'readback' && entry.data['plan'] === plan.id).at(-1);
    return readBack?.at ?? plan.approvedAt ?? this.#parts.clock.now();
  }

  async #settle(plan: Plan, result: Verification, look: Look): Promise<void> {
    const { desk, mitigation } = this.#parts;
    const data = { plan: plan.id, verdict: result.verdict, indicators: result.indicators };
    await desk.note(plan.incident, 'verification', `${result.verdict}: ${result.reason}`, data);
    await mitigation.settle(plan.id, result.verdict, result.reason);
    // What the plan was for may be mended: what else is wrong keeps the incident open.
    if (result.verdict !== 'recovered' || look.diagnosis.verdict === 'cause-found') return await this.#openAgain(plan.incident);
    await desk.resolve(plan.incident, `${plan.summary}: recovered, ${result.reason}`, machine, data);
  }

  async #openAgain(id: string): Promise<void> {
    await this.#parts.desk.setState(id, 'open');
    this.#care(id);
  }

  /** All alerts stopped without a plan of ours: recovered, or only silent? */
  async #awaitRecovery(incident: Incident): Promise<void> {
    const { id } = incident;
    const stoppedAt = Math.max(...incident.alerts.map((alert) => alert.endsAt ?? incident.openedAt));
    const look = await this.#look(incident, stoppedAt);
    if (look.diagnosis.verdict !== 'no-fault-found')
      return await this.#noteOnce(id, 'all alerts stopped, but recovery is not proven: looking on');
    await this.#parts.desk.note(id, 'verification', 'everything that was looked at is healthy', {
      evidence: look.diagnosis.evidence.filter((item) => item.finding === 'contradicts').map((item) => item.summary),
    });
    await this.#parts.desk.resolve(id, 'all alerts stopped and the service is seen to be well', machine);
  }
}
