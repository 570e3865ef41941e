import type { ReactNode } from 'react';
import type { Series } from '../api/series.ts';
import { formatClock, formatQuantity } from '../time/format.ts';
import { useZone } from '../time/zone.ts';
import css from './incident.module.css';

const rowsShown = 10;

/** The plot in numbers: about ten instants, newest last. */
export function SeriesTable({ series }: { readonly series: Series }): ReactNode {
  const zone = useZone();
  const count = Math.max(...series.lines.map((line) => line.values.length));
  const every = Math.max(1, Math.floor(count / rowsShown));
  const indices = Array.from({ length: count }, (_, index) => index).filter((index) => (count - 1 - index) % every === 0);
  return (
    <div className={css.scroll}>
      <table className={css.table}>
        <thead>
          <tr>
            <th scope="col">at</th>
            {series.lines.map((line) => (
              <th key={line.name} scope="col">
                {line.name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {indices.map((index) => (
            <tr key={index}>
              <td>{formatClock(series.startAtMs + index * series.stepMs, zone)}</td>
              {series.lines.map((line) => (
                <td key={line.name}>{formatQuantity(line.values[index] ?? null, series.unit)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
