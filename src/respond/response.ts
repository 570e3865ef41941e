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
  /** Runs the runbook of an incident's alert. `sinceAt`: look only at traffic after this instant. */
  look(incident: Incident, sinceAt: number | null): Promise<Look>;
  /** What an action has to know about the target and its servers. */
  actionSituation(look: Look, cause: Cause): Promise<ActionSituation>;
  settings(): MitigationSettings;
  /** Health before a plan ran, as the executor remembered it. */
  baseline(planId: string): Promise<unknown>;
  plan(planId: string): Promise<Plan | null>;
  plansOf(incident: string): Promise<readonly Plan[]>;
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

/**
 * The life of an incident in order: alert, diagnosis, plan, approval, action, verification, resolved. Everything that
 * concerns one incident happens one after the other; incidents do not wait for each other.
 */
export class Response {
  readonly #parts: ResponseParts;
  readonly #queues = new Map<string, Promise<unknown>>();
  readonly #ending = new AbortController();
  /** Incidents with a look already due. */
  readonly #looking = new Set<string>();
  /** The last verification of each plan, for the page that shows its effect. */
  readonly #effects = new Map<string, Verification>();
  /** Placing and opening must not overlap: two alerts of one problem may come at the same instant. */
  #placing: Promise<unknown> = Promise.resolve();

  constructor(parts: ResponseParts) {
    this.#parts = parts;
  }

  /** A firing alert. Settles when its incident is stored; the diagnosis goes on in the background. */
  async fired(alert: Alert): Promise<void> {
    const placed = await this.#parts.place(alert);
    if (placed === null) return;
    await this.#oneAfterTheOther(async () => {
      const { incident, worthDiagnosing } = await this.#parts.desk.receive(alert, placed);
      if (worthDiagnosing && this.#parts.settings().mode !== 'off')
        this.#inBackground(incident.id, () => this.#diagnoseUntilKnown(incident.id));
    });
  }

  /** An alert stopped firing. Its incident ends only when the service is seen to be well. */
  async stopped(fingerprint: string, at: number): Promise<void> {
    await this.#oneAfterTheOther(async () => {
      for (const incident of await this.#parts.desk.alertStopped(fingerprint, at)) {
        if (incident.alerts.every((alert) => alert.state === 'resolved'))
          this.#inBackground(incident.id, () => this.#awaitRecovery(incident.id));
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
    const result = await this.#parts.mitigation.approve(planId, request, actor);
    if (result.kind === 'approve' && result.plan !== null) this.#start(result.plan);
    return result;
  }

  /** What time does to plans: those nobody answered expire, and their incidents are looked at anew. Called every few seconds. */
  async tend(): Promise<void> {
    for (const plan of await this.#parts.mitigation.expire()) this.#inBackground(plan.incident, () => this.#diagnoseOnce(plan.incident));
  }

  /** The indicators of a plan's last verification; null before the first one. */
  effectOf(planId: string): Verification | null {
    return this.#effects.get(planId) ?? null;
  }

  /** After a start: unfinished changes get a true end first, then every open incident goes on where it was. */
  async resume(): Promise<void> {
    await this.#parts.mitigation.recover();
    for (const incident of await this.#parts.desk.open()) {
      const done = (await this.#parts.plansOf(incident.id)).filter((plan) => plan.state === 'done').at(-1);
      const approved = (await this.#parts.plansOf(incident.id)).find((plan) => plan.state === 'approved');
      if (approved !== undefined) this.#start(approved);
      else if (incident.state !== 'open' && done !== undefined) this.#inBackground(incident.id, () => this.#verifyPlan(done));
      else if (incident.alerts.every((alert) => alert.state === 'resolved'))
        this.#inBackground(incident.id, () => this.#awaitRecovery(incident.id));
      else if (this.#parts.settings().mode !== 'off') this.#inBackground(incident.id, () => this.#diagnoseUntilKnown(incident.id));
    }
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
    this.#queued(id, work).catch((error: unknown) => this.#parts.onBug(error));
  }

  async #pause(ms: number): Promise<boolean> {
    await this.#parts.sleep(ms, this.#ending.signal);
    return !this.#ending.signal.aborted;
  }

  async #diagnoseUntilKnown(id: string): Promise<void> {
    // The queue of the incident stays free between two looks: an approval or the end of the alert must not wait.
    if ((await this.#diagnoseOnce(id)) !== null) void this.#lookLater(id, 0);
  }

  #lookSoon(id: string): void {
    void this.#pause(settlingPauseMs).then((goOn) => {
      if (goOn) this.#inBackground(id, () => this.#diagnoseOnce(id));
    });
  }

  /** While an incident is open people must not decide on an old picture: soon again until the cause is known, then now and then. */
  async #lookLater(id: string, attempt: number): Promise<void> {
    if (this.#looking.has(id)) return;
    this.#looking.add(id);
    const goOn = await this.#pause(lookAgainAfterMs[attempt] ?? lookNowAndThenMs);
    this.#looking.delete(id);
    if (!goOn) return;
    this.#inBackground(id, async () => {
      const incident = await this.#parts.incidents.get(id);
      if (incident === null || incident.state === 'resolved') return;
      if (incident.state === 'open' && incident.alerts.some((alert) => alert.state === 'firing')) await this.#diagnoseOnce(id);
      void this.#lookLater(id, incident.verdict === 'cause-found' ? lookAgainAfterMs.length : attempt + 1);
    });
  }

  async #diagnoseOnce(id: string): Promise<{ readonly incident: Incident; readonly look: Look } | null> {
    const before = await this.#parts.incidents.get(id);
    if (before === null || before.state === 'resolved') return null;
    const look = await this.#parts.look(before, null);
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
      await this.#parts.desk.setState(plan.incident, 'mitigating');
      const ran = await this.#parts.mitigation.run(plan.id);
      if (ran?.state === 'done') await this.#verifyPlan(ran);
      else await this.#afterFailure(plan.incident, ran);
    });
  }

  async #afterFailure(id: string, plan: Plan | null): Promise<void> {
    await this.#parts.desk.setState(id, 'open');
    // An unknown outcome is for a person; after a plain failure the next look may find another way.
    if (plan?.state === 'failed' || plan?.state === 'undone' || plan?.state === 'expired') await this.#diagnoseOnce(id);
  }

  /** Watches until recovery is proven, refuted, or out of time. Good news needs positive evidence on every indicator. */
  async #verifyPlan(plan: Plan): Promise<void> {
    await this.#parts.desk.setState(plan.incident, 'verifying');
    const doneAt = await this.#doneAt(plan);
    for (;;) {
      const incident = await this.#parts.incidents.get(plan.incident);
      if (incident === null || incident.state === 'resolved') return;
      const look = await this.#parts.look(incident, Math.max(doneAt, this.#parts.clock.now() - verifiedTrafficMs));
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
    if (result.verdict !== 'recovered') {
      await desk.setState(plan.incident, 'open');
      await this.#diagnoseOnce(plan.incident);
      return;
    }
    if (look.diagnosis.verdict === 'cause-found') {
      // What the plan was for is mended; what else is wrong keeps the incident open.
      await desk.setState(plan.incident, 'open');
      await this.#diagnoseOnce(plan.incident);
      return;
    }
    await desk.resolve(plan.incident, `${plan.summary}: recovered, ${result.reason}`, machine, data);
  }

  /** All alerts stopped without a plan of ours: recovered, or only silent? */
  async #awaitRecovery(id: string): Promise<void> {
    const incident = await this.#parts.incidents.get(id);
    if (incident === null || incident.state !== 'open' || incident.alerts.some((alert) => alert.state === 'firing')) return;
    const stoppedAt = Math.max(...incident.alerts.map((alert) => alert.endsAt ?? incident.openedAt));
    const look = await this.#parts.look(incident, stoppedAt);
    if (look.diagnosis.verdict === 'no-fault-found') {
      await this.#parts.desk.note(id, 'verification', 'everything that was looked at is healthy', {
        evidence: look.diagnosis.evidence.filter((item) => item.finding === 'contradicts').map((item) => item.summary),
      });
      await this.#parts.desk.resolve(id, 'all alerts stopped and the service is seen to be well', machine);
      return;
    }
    await this.#noteOnce(id, 'all alerts stopped, but recovery is not proven: looking on');
    void this.#pause(10_000).then((goOn) => {
      if (goOn) this.#inBackground(id, () => this.#awaitRecovery(id));
    });
  }
}
