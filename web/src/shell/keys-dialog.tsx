import type { ReactNode } from 'react';
import { enableKeys, useKeysEnabled } from '../keys/keys.ts';
import { Dialog } from '../parts/dialog.tsx';
import css from './shell.module.css';

const keys: readonly (readonly [string, string])[] = [
  ['/', 'search'],
  ['j, k, Enter', 'next row, previous row, open it'],
  ['g i', 'go to the incidents'],
  ['a', 'write the reason for an approval'],
  ['Ctrl + Enter', 'send what you wrote (in the field)'],
  ['u', 'undo form'],
  ['n', 'write a note'],
  ['e', 'report'],
  ['y', 'copy the link to this page'],
  ['t', 'plots as tables'],
  ['z', 'UTC or local time'],
  ['?', 'this list'],
];

export function KeysDialog({ onClose }: { readonly onClose: () => void }): ReactNode {
  const isOn = useKeysEnabled();
  return (
    <Dialog title="Keys" onClose={onClose}>
      <dl className={css.keys}>
        {keys.map(([key, meaning]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
      <label className={css.check}>
        <input type="checkbox" checked={isOn} onChange={(event) => enableKeys(event.target.checked)} /> Single keys are on
      </label>
    </Dialog>
  );
}
