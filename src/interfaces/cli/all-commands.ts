import { check } from './check.ts';
import type { Command } from './command.ts';
import { demo } from './demo.ts';
import { diagnose } from './diagnose.ts';
import { incidentCommands } from './incidents.ts';
import { init } from './init.ts';
import { lab } from './lab.ts';
import { pause } from './pause.ts';
import { planCommands } from './plan.ts';
import { query } from './query.ts';
import { resume } from './resume.ts';
import { ruleCommands } from './rules.ts';
import { run } from './run.ts';
import { runbookCommands } from './runbooks.ts';

/** Every command there is, in the order of the help. docs/cli.md is held against this list. */
export const allCommands: readonly Command[] = [
  run,
  init,
  check,
  diagnose,
  ...incidentCommands,
  ...planCommands,
  pause,
  resume,
  query,
  ...ruleCommands,
  ...runbookCommands,
  demo,
  lab,
];
