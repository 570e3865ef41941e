import type { z } from 'zod';

/** A secret, or a URL that contains one: in a file that is read when it is needed, or here by `${ENV}`. */
export type SecretSource = { readonly file: string } | { readonly value: string };

/** Where a secret is by its keys `x` and `x_file`; null when neither is given. */
export function sourceOf(value: string | undefined, file: string | undefined): SecretSource | null {
  if (file !== undefined) return { file };
  return value === undefined ? null : { value };
}

/** Exactly one of `key` and `key_file`. */
export function oneOf(key: string, required: boolean) {
  return (entry: Readonly<Record<string, unknown>>, context: z.RefinementCtx): void => {
    const given = [entry[key], entry[`${key}_file`]].filter((value) => value !== undefined).length;
    if (given > 1) {
      context.addIssue({ code: 'custom', message: `has both ${key} and ${key}_file`, params: { fix: 'Keep one of them' } });
    }
    if (given === 0 && required) {
      context.addIssue({ code: 'custom', message: `needs ${key} or ${key}_file`, params: { fix: 'Add one of them' } });
    }
  };
}
