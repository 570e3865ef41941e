import 'uplot/dist/uPlot.min.css';
import { type ReactNode, useEffect, useRef } from 'react';
import uPlot from 'uplot';
import type { Line, Series } from '../api/series.ts';
import { formatClock, formatQuantity } from '../time/format.ts';
import { useZone, type Zone } from '../time/zone.ts';
import css from './incident.module.css';

const heightPx = 100;
const { stepped: steps } = uPlot.paths;

/** The subject thick, its peers dashed, the rule's threshold, and marks where something happened. Gaps stay gaps. */
export function Plot({ series, sentence }: { readonly series: Series; readonly sentence: string }): ReactNode {
  const box = useRef<HTMLDivElement>(null);
  const zone = useZone();
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    let plot = draw(element, series, zone);
    const redraw = () => {
      plot.destroy();
      plot = draw(element, series, zone);
    };
    const theme = matchMedia('(prefers-color-scheme: dark)');
    theme.addEventListener('change', redraw);
    const resized = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height: heightPx }));
    resized.observe(element);
    return () => {
      resized.disconnect();
      theme.removeEventListener('change', redraw);
      plot.destroy();
    };
  }, [series, zone]);
  return <div ref={box} role="img" aria-label={`Plot: ${sentence}`} className={css.plot} />;
}

interface Palette {
  readonly bad: string;
  readonly ok: string;
  readonly warn: string;
  readonly dim: string;
  readonly line: string;
  readonly ours: string;
}

function palette(): Palette {
  const style = getComputedStyle(document.documentElement);
  const of = (name: string) => style.getPropertyValue(name).trim();
  return { bad: of('--bad'), ok: of('--ok'), warn: of('--warn-text'), dim: of('--dim'), line: of('--line'), ours: of('--ours') };
}

function draw(element: HTMLElement, series: Series, zone: Zone): uPlot {
  const colors = palette();
  const count = Math.max(...series.lines.map((line) => line.values.length));
  const times = Array.from({ length: count }, (_, index) => (series.startAtMs + index * series.stepMs) / 1_000);
  const data: uPlot.AlignedData = [times, ...series.lines.map((line) => [...line.values])];
  return new uPlot(options(element, series, zone, colors), data, element);
}

function options(element: HTMLElement, series: Series, zone: Zone, colors: Palette): uPlot.Options {
  const [low, high] = range(series);
  const font = `11px ${getComputedStyle(element).fontFamily}`;
  const axis = { stroke: colors.dim, font, ticks: { show: false } };
  return {
    width: element.clientWidth,
    height: heightPx,
    legend: { show: false },
    cursor: { show: false },
    padding: [8, 12, 0, 0],
    scales: { x: { time: false }, y: { range: [low, high] } },
    axes: [
      {
        ...axis,
        grid: { show: false },
        size: 20,
        gap: 4,
        splits: (plot) => timeSplits(plot),
        values: (_, at) => at.map((s) => formatClock(s * 1_000, zone)),
      },
      {
        ...axis,
        grid: { stroke: colors.line, width: 1 },
        size: 46,
        gap: 4,
        splits: () => [low, high],
        values: (_, at) => at.map((value) => formatQuantity(value, series.unit).replace(' ', '')),
      },
    ],
    series: [{}, ...series.lines.map((line) => lineStyle(line, series, colors))],
    hooks: { draw: [(plot) => annotate(plot, series, colors, font)] },
  };
}

/** First, middle and last instant; the outer two pulled in so that their labels stay inside. */
function timeSplits(plot: uPlot): number[] {
  const { min, max } = plot.scales['x'] ?? {};
  if (min == null || max == null) return [];
  const inset = (max - min) * (26 / Math.max(120, plot.bbox.width / devicePixelRatio));
  return [min + inset, (min + max) / 2, max - inset];
}

/** From zero (or below) to a little over everything that is drawn, the threshold included. */
function range(series: Series): [number, number] {
  const drawn = [...series.lines.flatMap((line) => line.values.filter((value) => value !== null)), series.threshold?.value ?? 0];
  const top = drawn.reduce((most, value) => Math.max(most, value), 0);
  const bottom = drawn.reduce((least, value) => Math.min(least, value), 0);
  const whole = { ratio: 1, '%': 100 }[series.unit];
  // A share ends at the whole, which sums of rounded numbers pass by a hair.
  const nice = whole !== undefined && top > whole / 2 && top < whole * 1.01 ? whole : niceCeil(top);
  return [bottom, nice > bottom ? nice : bottom + 1];
}

function niceCeil(value: number): number {
  if (value <= 0) return 0;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 4, 5, 8, 10].map((step) => step * power).find((step) => step >= value) ?? value;
}

/**
 * The subject is bad when it crossed the threshold, or when there is none and an alert marks the plot; what is up or down is
 * bad while it is down, and server errors are bad whoever has them.
 */
function lineColor(line: Line, series: Series, colors: Palette): string {
  if (series.unit === 'up') return line.values.findLast((value) => value !== null) === 0 ? colors.bad : colors.ok;
  if (/^5(xx|\d\d)$/.test(line.name)) return colors.bad;
  if (line.role !== 'subject') return colors.dim;
  const peak = line.values.reduce<number>((most, value) => Math.max(most, value ?? 0), 0);
  const isAlerting = series.marks.some((mark) => mark.kind === 'alert');
  return isAlerting && crosses(peak, series) ? colors.bad : colors.ok;
}

function lineStyle(line: Line, series: Series, colors: Palette): uPlot.Series {
  const isSubject = line.role === 'subject';
  return {
    label: line.name,
    stroke: lineColor(line, series, colors),
    width: isSubject ? 2 : 1.25,
    ...(isSubject ? {} : { dash: [4, 3] }),
    points: { show: false },
    spanGaps: false,
    // Something is up until it is down: there is no way in between.
    ...(series.unit === 'up' && steps !== undefined ? { paths: steps({ align: 1 }) } : {}),
  };
}

function crosses(peak: number, series: Series): boolean {
  if (series.threshold === null) return true;
  return series.threshold.op.startsWith('<') ? peak < series.threshold.value : peak > series.threshold.value;
}

function annotate(plot: uPlot, series: Series, colors: Palette, font: string): void {
  const { ctx, bbox } = plot;
  const scale = devicePixelRatio;
  ctx.save();
  // The last series may have left its dashes behind.
  ctx.setLineDash([]);
  ctx.font = font.replace('11px', `${11 * scale}px`);
  ctx.textBaseline = 'alphabetic';
  if (series.threshold) drawThreshold(plot, series.threshold.value, colors, scale);
  for (const [index, mark] of series.marks.entries()) {
    const isAlert = mark.kind === 'alert';
    const text = isAlert ? 'alert' : mark.text || mark.kind;
    drawMark(plot, { atS: mark.atMs / 1_000, text, color: isAlert ? colors.dim : colors.ours, line: index % 3 }, scale);
  }
  ctx.textAlign = 'right';
  for (const label of labels(plot, series, colors, scale)) {
    ctx.fillStyle = label.color;
    ctx.fillText(labelText(label.names), bbox.left + bbox.width - 2 * scale, label.y);
  }
  ctx.restore();
}

interface Label {
  readonly names: string[];
  readonly color: string;
  readonly y: number;
}

/** Names at the right ends of the lines: above the line, or below without room. Names that would collide share one place. */
function labels(plot: uPlot, series: Series, colors: Palette, scale: number): readonly Label[] {
  const step = 12 * scale;
  const placed: Label[] = [];
  const subjectsFirst = [...series.lines].sort((a, b) => Number(b.role === 'subject') - Number(a.role === 'subject'));
  for (const line of subjectsFirst) {
    const last = line.values.findLast((value) => value !== null);
    if (last == null) continue;
    const lineY = plot.valToPos(last, 'y', true);
    const y = lineY - step < plot.bbox.top ? lineY + step : lineY - 4 * scale;
    const neighbour = placed.find((label) => Math.abs(label.y - y) < step);
    if (neighbour) neighbour.names.push(line.name);
    else placed.push({ names: [line.name], color: lineColor(line, series, colors), y });
  }
  return placed;
}

const labelMax = 24;

/** All names while they are short, else the first and how many more. */
function labelText(names: readonly string[]): string {
  const all = names.join(' ');
  if (all.length <= labelMax) return all;
  const first = names[0]?.slice(0, 40) ?? '';
  return names.length === 1 ? first : `${first} +${names.length - 1}`;
}

function drawThreshold(plot: uPlot, value: number, colors: Palette, scale: number): void {
  const { ctx, bbox } = plot;
  const y = plot.valToPos(value, 'y', true);
  ctx.strokeStyle = colors.warn;
  ctx.lineWidth = scale;
  ctx.setLineDash([4 * scale, 3 * scale]);
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  ctx.setLineDash([]);
}

interface DrawnMark {
  readonly atS: number;
  readonly text: string;
  readonly color: string;
  /** Texts of marks close to each other stand one below the other. */
  readonly line: number;
}

function drawMark(plot: uPlot, { atS, text, color, line }: DrawnMark, scale: number): void {
  const { ctx, bbox } = plot;
  const x = plot.valToPos(atS, 'x', true);
  if (x < bbox.left || x > bbox.left + bbox.width) return;
  ctx.strokeStyle = color;
  ctx.fillStyle = color;
  ctx.lineWidth = scale;
  ctx.beginPath();
  ctx.moveTo(x, bbox.top);
  ctx.lineTo(x, bbox.top + bbox.height);
  ctx.stroke();
  // What happened before is usually calmer: the text stands there when it has room.
  ctx.textAlign = x > bbox.left + bbox.width * 0.3 ? 'right' : 'left';
  ctx.fillText(text.slice(0, 40), x + (ctx.textAlign === 'left' ? 4 : -4) * scale, bbox.top + bbox.height * 0.45 + line * 12 * scale);
}
