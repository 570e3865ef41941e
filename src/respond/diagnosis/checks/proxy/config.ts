import { stateQuestion } from '../../ask.ts';
import type { Check, Observation } from '../../check.ts';
import { couldNotLook, observe } from '../../check.ts';

const id = 'proxy/config';

/** Whether the configuration on disk is valid, and whether it is newer than what runs. */
export const proxyConfig: Check = {
  id,
  title: 'Configuration of the proxy',
  needs: (situation) => [stateQuestion(situation), { kind: 'proxy/validate', target: situation.target.name }],
  judge(situation, known) {
    const about = { subject: situation.target.name };
    const seen: Observation[] = [];
    const state = known.get(stateQuestion(situation));
    const validated = known.get({ kind: 'proxy/validate', target: situation.target.name });
    if (validated?.ok && validated.value.outcome !== 'not-run') {
      const first = validated.value.problems[0];
      const invalid = validated.value.outcome === 'invalid';
      const summary = invalid
        ? `the configuration on disk is not valid: ${first ? place(first) + first.text : validated.value.output.slice(0, 200)}`
        : 'the configuration on disk is valid';
      seen.push(
        observe(id, validated, {
          ...about,
          sign: invalid ? 'config-invalid' : 'config-valid',
          summary,
          facts: { problems: validated.value.problems.slice(0, 10) },
        }),
      );
    }
    if (!state?.ok) return state ? [...seen, couldNotLook(id, state, about)] : seen;
    const gap = state.value.gaps.find((candidate) => candidate.what === 'config');
    if (state.value.configFiles === null)
      return [
        ...seen,
        couldNotLook(id, { ...state, reason: gap?.reason ?? 'the configuration files are not known', fix: gap?.fix ?? null }, about),
      ];
    const unreadable = state.value.problems.filter((problem) => problem.kind === 'unreadable' || problem.kind === 'syntax');
    for (const problem of unreadable.slice(0, 5)) {
      seen.push(
        observe(id, state, { ...about, sign: 'config-invalid', summary: `${place(problem)}${problem.text}`, facts: { ...problem } }),
      );
    }
    // References to nothing and conflicts are shown, but accuse nobody: what comes of them is for the check of the routes to see.
    for (const problem of state.value.problems.filter((one) => !unreadable.includes(one)).slice(0, 5)) {
      const summary = `${problem.kind} in the configuration: ${place(problem)}${problem.text}`;
      seen.push(observe(id, state, { ...about, sign: 'described', summary, facts: { ...problem } }));
    }
    seen.push(...newerThanProcess(state.value, state, about));
    if (seen.length === 0)
      seen.push(
        observe(id, state, {
          ...about,
          sign: 'described',
          summary: `${state.value.configFiles.length} configuration files read, nothing wrong found`,
          facts: {},
        }),
      );
    return seen;
  },
};

function place(problem: { readonly file: string | null; readonly line: number | null }): string {
  if (problem.file === null) return '';
  return problem.line === null ? `${problem.file}: ` : `${problem.file}:${problem.line}: `;
}

function newerThanProcess(
  state: import('../../../../model/proxy.ts').ProxyState,
  answer: { readonly at: number; readonly durationMs: number },
  about: { readonly subject: string },
): Observation[] {
  const loadedAt = Math.max(state.startedAt ?? 0, state.lastReloadAt ?? 0);
  // Traefik applies a changed file within two seconds; what is older than that and not loaded was refused.
  const newer = (state.configFiles ?? []).filter(
    (file) => loadedAt > 0 && file.modifiedAt > loadedAt + 3_000 && file.modifiedAt < answer.at - 3_000,
  );
  if (newer.length === 0) return [];
  const file = newer[0];
  return [
    observe(id, answer, {
      ...about,
      sign: 'config-newer-than-process',
      summary: `${file?.path} was changed ${Math.round(((file?.modifiedAt ?? 0) - loadedAt) / 1000)} s after the running configuration was loaded: the next restart applies it`,
      facts: { files: newer.map((candidate) => candidate.path) },
    }),
  ];
}
