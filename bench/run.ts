/** `npm run bench [-- --json]`: our rule evaluation beside a real Prometheus on the same data, in the same run; and the parser. */
import { existsSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { benchSeries, intervalMs, openMetrics } from './data.ts';
import { endOf, firstInNewProcess, parserRate, RunningProcess } from './ours.ts';
import { findPrometheus, PrometheusServer } from './prometheus.ts';

const { values } = parseArgs({ options: { json: { type: 'boolean', default: false }, series: { type: 'string', default: '100000' } } });
const rounds = 5;
const corpus = new URL('../../shared/conformance/promql-parser.json', import.meta.url);

/** One comparison. `ratio` below 1: ours takes less; null: there was nothing to compare with. */
interface Comparison {
  readonly name: string;
  readonly unit: string;
  readonly ours: number;
  readonly peer: number | null;
  readonly peerName: string | null;
  readonly ratio: number | null;
}

const comparisons = [...(await ratioRule(Number(values.series))), ...parser()];
if (values.json) process.stdout.write(`${JSON.stringify({ benchmarks: comparisons })}\n`);
else for (const one of comparisons) process.stdout.write(`${lineOf(one)}\n`);

async function ratioRule(count: number): Promise<Comparison[]> {
  const series = benchSeries(count);
  const startMs = Math.floor(Date.now() / intervalMs) * intervalMs - 6 * 3_600_000;
  const atMs = endOf(startMs);
  const newProcess = { ours: [] as number[], peer: [] as number[] };
  const first = { ours: [] as number[], peer: newProcess.peer };
  const again = { ours: [] as number[], peer: [] as number[] };
  const found = findPrometheus();
  if (found === null) process.stderr.write('no prometheus and promtool here (PROMETHEUS_BIN names one): only our side is measured\n');
  const server = found === null ? null : new PrometheusServer(found, openMetrics(series, startMs));
  const running = new RunningProcess(startMs);
  try {
    // Turn by turn: what else the machine does meets both sides alike.
    for (let round = 0; round < rounds; round += 1) {
      newProcess.ours.push(firstInNewProcess(count, startMs).tookMs);
      const [mine, mineAgain] = running.firstAndAgain(series);
      first.ours.push(mine.tookMs);
      again.ours.push(mineAgain.tookMs);
      if (server === null) continue;
      await server.restart();
      const theirs = await server.evaluateOnce(atMs);
      if (theirs.found !== mine.found) throw new Error(`ours finds ${mine.found} services, Prometheus ${theirs.found}`);
      newProcess.peer.push(theirs.tookMs);
      again.peer.push((await server.evaluateOnce(atMs)).tookMs);
    }
  } finally {
    await server?.end();
  }
  const peerName = found === null ? null : `Prometheus ${found.version}`;
  return [
    compared(`5xx ratio rule over ${count} series, first time`, first, peerName),
    compared('the same, also the first rule of the process', newProcess, peerName),
    compared('the same, again', again, peerName),
  ];
}

function compared(name: string, { ours, peer }: { ours: readonly number[]; peer: readonly number[] }, peerName: string | null): Comparison {
  const [mine, theirs] = [median(ours), peer.length === 0 ? null : median(peer)];
  return { name, unit: 'ms', ours: mine, peer: theirs, peerName, ratio: theirs === null ? null : mine / theirs };
}

function parser(): Comparison[] {
  if (!existsSync(corpus)) {
    process.stderr.write('the corpus of expressions is absent: the parser is not measured\n');
    return [];
  }
  const { good } = JSON.parse(readFileSync(corpus, 'utf8')) as { good: readonly string[] };
  const ours = parserRate(good);
  return [{ name: 'parser over the corpus', unit: 'expressions/s', ours, peer: null, peerName: null, ratio: null }];
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}

function lineOf({ name, unit, ours, peer, peerName, ratio }: Comparison): string {
  const beside = peer === null ? '' : `, ${peerName} ${Math.round(peer)}: ratio ${ratio?.toFixed(3)}`;
  return `${name}: ${Math.round(ours)} ${unit}${beside}`;
}
