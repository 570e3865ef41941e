import { type Labels, labelsOf } from '../../model/labels.ts';
import type { Expr, Selector } from './ast.ts';
import { unwrap } from './ast.ts';

/** The labels of `absent(…)`: those that the selector demands by `=`, once each. */
export function labelsOfAbsence(arg: Expr): Labels {
  const inner = unwrap(arg);
  if (inner.kind === 'selector') return demanded(inner);
  return inner.kind === 'range' ? demanded(inner.selector) : labelsOf([]);
}

function demanded({ matchers }: Selector): Labels {
  const values = new Map<string, string>();
  const conflicting = new Set<string>();
  for (const { name, op, value } of matchers) {
    if (name === '__name__') continue;
    if (op === '=' && !values.has(name)) values.set(name, value);
    else conflicting.add(name);
  }
  return labelsOf([...values].filter(([name]) => !conflicting.has(name)));
}
