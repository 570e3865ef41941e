import type { ReactNode } from 'react';
import { type Fields, visible } from '../api/reading.ts';
import { formatNumber } from '../time/format.ts';
import css from './incident.module.css';

const rowsMax = 12;
const columnsMax = 6;

/** What a check measured: lists of like things as a table, the rest name by name. */
export function FactsTable({ facts }: { readonly facts: Fields }): ReactNode {
  const entries = Object.entries(facts);
  const tables = entries.filter((entry): entry is [string, Fields[]] => isTable(entry[1]));
  const plain = entries.filter(([, value]) => !isTable(value)).slice(0, rowsMax);
  return (
    <>
      {tables.map(([name, rows]) => (
        <RowsTable key={name} name={name} rows={rows} />
      ))}
      {plain.length > 0 && (
        <dl className={css.facts}>
          {plain.map(([name, value]) => (
            <div key={name}>
              <dt>{visible(name)}</dt>
              <dd>
                {/* An error that was looked for and did not come is none; what else is null nobody knows. */}
                <code>{name === 'error' && value === null ? 'none' : shown(value)}</code>
              </dd>
            </div>
          ))}
        </dl>
      )}
    </>
  );
}

function isTable(value: unknown): value is Fields[] {
  return Array.isArray(value) && value.length > 0 && value.every((row) => typeof row === 'object' && row !== null && !Array.isArray(row));
}

function RowsTable({ name, rows }: { readonly name: string; readonly rows: readonly Fields[] }): ReactNode {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))].slice(0, columnsMax);
  return (
    <div className={css.scroll}>
      <table className={css.table}>
        <caption className={css.hidden}>{name}</caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column} scope="col">
                {visible(column)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, rowsMax).map((row, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: measured rows have no identity and are never reordered.
            <tr key={index}>
              {columns.map((column) => (
                <td key={column} className={isErrorStatus(column, row[column]) ? css.badNumber : ''}>
                  {shown(row[column])}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length > rowsMax && <p className={css.dim}>and {rows.length - rowsMax} more</p>}
    </div>
  );
}

function isErrorStatus(column: string, value: unknown): boolean {
  return column === 'status' && typeof value === 'number' && value >= 500;
}

function shown(value: unknown): string {
  if (value === null || value === undefined) return 'unknown';
  if (typeof value === 'number') return Number.isInteger(value) ? String(value) : formatNumber(value);
  return visible(typeof value === 'string' ? value : JSON.stringify(value));
}
