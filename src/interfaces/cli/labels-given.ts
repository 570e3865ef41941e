import { type Labels, labelsOf } from '../../model/labels.ts';
import { CliError } from './command.ts';

const labelName = /^[a-zA-Z_][a-zA-Z0-9_]{0,199}$/;

/** `-l name=value -l …` as labels. Throws {@link CliError} for what is none. */
export function labelsGiven(texts: readonly string[]): Labels {
  return labelsOf(
    texts.map((text) => {
      const at = text.indexOf('=');
      const name = text.slice(0, Math.max(0, at)).trim();
      if (at < 1 || !labelName.test(name)) {
        throw new CliError(`-l ${JSON.stringify(text)} is not a label. Write name=value, for example -l backend=api`);
      }
      return [name, unquoted(text.slice(at + 1))] as const;
    }),
  );
}

/** Who copies `backend="api"` from an alert means api. */
function unquoted(value: string): string {
  return /^"[^"]*"$/.test(value) ? value.slice(1, -1) : value;
}
