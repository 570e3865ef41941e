import { mkdir, writeFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { formatDuration } from '../base/duration.ts';
import { type AlertProof, proveAlerts } from '../detect/rules/proof/prove.ts';
import { unitTestText } from '../detect/rules/proof/unit-test-text.ts';
import type { RuleProblem } from '../detect/rules/rule.ts';
import type { FileFinding, ProofReport, ProofRequest, ProvedAlert } from '../interfaces/cli/cli-verbs.ts';
import { CliError } from '../interfaces/cli/command.ts';
import { readRuleFile } from './rule-files.ts';
import { readRuleSettings } from './rule-settings.ts';
import { ruleFiles } from './rule-shelf.ts';

/** Proves every alert of some rule files, and writes the witnesses as unit tests when asked to. */
export async function proveRules(request: ProofRequest): Promise<ProofReport> {
  const { sources, testsDirectory } = request;
  const { sizeMax } = await readRuleSettings(request);
  const alerts: ProvedAlert[] = [];
  const findings: FileFinding[] = [];
  const tests = testsDirectory === null ? null : new TestWriter(testsDirectory);
  const paths: string[] = [];
  for (const source of sources) {
    const found = await ruleFiles(source);
    if (found.length === 0) findings.push(finding({ file: source, line: 1, column: 1, message: 'no rule file is there' }));
    paths.push(...found);
  }
  for (const path of new Set(paths)) {
    const { file, text } = await readRuleFile(path, sizeMax);
    findings.push(...file.problems.map(finding));
    for await (const proof of proveAlerts({ text, groups: file.groups })) {
      alerts.push(publicShape(proof));
      if (tests !== null && proof.witness !== null) await tests.write(proof, path);
    }
  }
  return { alerts, findings, files: paths.length, tests: tests?.written ?? [] };
}

function finding(problem: RuleProblem): FileFinding {
  return { check: 'load', severity: 'error', alert: null, fix: '', ...problem };
}

function publicShape({ rule, group, verdict, reason, steps, correction, witness }: AlertProof): ProvedAlert {
  const { file, line, column } = rule.place;
  return {
    file,
    group,
    alert: rule.name,
    verdict,
    reason,
    line,
    column,
    steps: steps.map(({ place, text }) => ({ line: place.line, column: place.column, text })),
    correction,
    witness:
      witness === null
        ? null
        : {
            interval: formatDuration(witness.intervalMs),
            evaluation_interval: formatDuration(witness.evaluationIntervalMs),
            input_series: witness.inputSeries,
            eval_time: formatDuration(witness.evalTimeMs),
          },
  };
}

/** Writes one unit test for each witness; its name is made of the alert's, which may hold anything. */
class TestWriter {
  readonly written: string[] = [];
  private readonly directory: string;
  private readonly taken = new Set<string>();

  constructor(directory: string) {
    this.directory = directory;
  }

  async write({ rule, witness }: AlertProof, ruleFile: string): Promise<void> {
    if (witness === null) return;
    const path = join(this.directory, this.nameFor(rule.name));
    try {
      await mkdir(this.directory, { recursive: true });
      await writeFile(path, unitTestText(witness, rule.name, relative(resolve(this.directory), resolve(ruleFile))));
    } catch (error) {
      throw new CliError(`--write-tests: ${path} cannot be written: ${error instanceof Error ? error.message : String(error)}`);
    }
    this.written.push(path);
  }

  private nameFor(alert: string): string {
    const plain = alert.replace(/[^\w-]+/g, '-').slice(0, 100);
    for (let number = 1; ; number++) {
      const name = `${plain}${number === 1 ? '' : `-${number}`}.test.yml`;
      if (this.taken.has(name.toLowerCase())) continue;
      this.taken.add(name.toLowerCase());
      return name;
    }
  }
}
