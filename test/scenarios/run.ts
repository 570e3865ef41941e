/** Plays varied situations on real proxies and scores the diagnoses: `node test/scenarios/run.ts [--seed N] [--count N] [--proxy P] [--only CAUSE]`. */
import { appendFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { generate } from './generate.ts';
import { type Played, play } from './play.ts';
import type { ProxyName } from './situation.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    count: { type: 'string', default: '20' },
    proxy: { type: 'string' },
    only: { type: 'string' },
    parallel: { type: 'string', default: '2' },
    verbose: { type: 'boolean', default: false },
    out: { type: 'string' },
  },
});

const proxies: readonly ProxyName[] = values.proxy === 'haproxy' || values.proxy === 'traefik' ? [values.proxy] : ['haproxy', 'traefik'];
const first = Number(values.seed);
const queue = Array.from({ length: Number(values.count) }, (_, index) => ({
  seed: first + index,
  proxy: proxies[(first + index) % proxies.length] as ProxyName,
}));
const results: Played[] = [];

async function work(): Promise<void> {
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const plan = generate(next.seed, next.proxy, values.only ?? null);
    try {
      const played = await play(plan);
      results.push(played);
      say(report(played));
    } catch (error) {
      say(`ERROR seed ${plan.seed} ${plan.proxy}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    }
  }
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
  if (values.out !== undefined) appendFileSync(values.out, `${text}\n`);
}

function report({ plan, expected, diagnosis, score, subjectsRight }: Played): string {
  const wanted = expected.map(({ id }) => id).join(' + ') || 'no-fault-found';
  const got = diagnosis.causes.map((cause) => `${cause.id}(${cause.confidence})[${cause.subjects.join(' ')}]`).join(', ');
  const { told } = plan;
  const how = plan.faults.map((fault) => `${fault.how}/${fault.share}/${fault.status}`).join(' ');
  const scene = `${plan.routing} log=${plan.log}/${plan.logPrefix} check=${plan.backends[0]?.check} n=${plan.backends[0]?.serverNames.length} rps=${plan.requestsPerSecond} c=${plan.clients.length} noise=${plan.noise.toFixed(2)} sock=${told.socket} cfg=${told.configFile} srv=${told.servers} ${told.memory}`;
  const mark = score === 1 ? (subjectsRight ? 'ok  ' : 'SUBJ') : 'BAD ';
  const head = `${mark} ${score.toFixed(2)} seed ${plan.seed} ${plan.proxy} ${wanted} {${how}}: ${diagnosis.verdict} ${got} ${diagnosis.durationMs} ms | ${scene} ${plan.alert}`;
  if (mark === 'ok  ' && !values.verbose) return head;
  const wantedSubjects = expected.map(({ id, subjects }) => `      wanted ${id} ${JSON.stringify(subjects)}`);
  return [
    head,
    ...wantedSubjects,
    ...diagnosis.evidence.map(
      (item) => `      ${item.id} ${item.check} ${item.finding} ${item.cause ?? ''} ${item.subject} | ${item.summary.slice(0, 260)}`,
    ),
  ].join('\n');
}

await Promise.all(Array.from({ length: Number(values.parallel) }, work));
const mean = results.reduce((sum, played) => sum + played.score, 0) / Math.max(1, results.length);
say(
  `${results.length} situations, mean score ${mean.toFixed(3)}, wrong subjects ${results.filter((played) => !played.subjectsRight).length}`,
);
process.exit(0);
