/** Fills windows and evaluates the rule over them once: `node bench/new-process.ts SERIES START_MS` prints an {@link Evaluation}. */
import { benchSeries } from './data.ts';
import { endOf, evaluateOnce, filledWindows } from './ours.ts';

const [series, startMs] = process.argv.slice(2).map(Number);
if (series === undefined || startMs === undefined) throw new Error('how many series, and from when on?');
const windows = filledWindows(benchSeries(series), startMs);
globalThis.gc?.();
process.stdout.write(JSON.stringify(evaluateOnce(windows, endOf(startMs))));
