import type { ConfigError } from '../../config/config-error.ts';
import type { Diagnosis } from '../../model/diagnosis.ts';
import type { Labels } from '../../model/labels.ts';
import type { RunbookPageView, RunbookView } from '../verbs.ts';
import type { Io } from './io.ts';
import type { RuleCheckRequest, RuleSettingsRequest } from './rule-check-request.ts';

/** What a command has done on this machine. `app` implements it; what is asked of a daemon goes over HTTP instead. */
export interface CliVerbs {
  readonly version: string;
  /** Runs the daemon until it is told to end; its exit code. */
  run(configFile: string, io: Io): Promise<number>;
  /** Reads the configuration, the rules and the pages it names. */
  check(configFile: string): Promise<CheckReport>;
  /** Runs the runbook of an alert without a daemon and without storage. */
  diagnose(request: DiagnoseRequest, signal: AbortSignal): Promise<DiagnoseOutcome>;
  readonly rules: RuleFileVerbs;
  readonly runbooks: RunbookFileVerbs;
  /** Looks for proxies on this machine and writes a configuration. */
  init(request: { readonly path: string; readonly force: boolean; readonly dryRun: boolean }): Promise<InitReport>;
  /** Game days: has a command language of its own. */
  lab(args: readonly string[], io: Io): Promise<number>;
  demo(options: DemoOptions, io: Io): Promise<number>;
}

export interface DemoOptions {
  /** Approve by itself instead of waiting for a person. */
  readonly auto: boolean;
  readonly proxy: 'haproxy' | 'traefik' | null;
}

/** Something about a file that a person should correct. The shape is public: `rules check -o json` prints it. */
export interface FileFinding {
  readonly check: string;
  /** An error does not load; a bug does not do what it is meant to; information fails nothing. */
  readonly severity: 'error' | 'bug' | 'warning' | 'information';
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly alert: string | null;
  readonly message: string;
  /** What to do about it; empty when the message says it. */
  readonly fix: string;
}

export interface CheckReport {
  readonly file: string;
  readonly ok: boolean;
  readonly errors: readonly ConfigError[];
  readonly warnings: readonly ConfigError[];
  readonly targets: readonly { readonly name: string; readonly proxy: string; readonly url: string }[];
  readonly servers: number;
  readonly mode: string | null;
  readonly rules: { readonly files: number; readonly rules: number };
  readonly runbooks: { readonly pages: number; readonly steps: number; readonly unbound: number };
  readonly findings: readonly FileFinding[];
}

export interface DiagnoseRequest {
  readonly configFile: string;
  readonly alert: string;
  readonly labels: Labels;
  /** File to write the answers to that the checks got; null: none. */
  readonly record: string | null;
}

export type DiagnoseOutcome =
  | { readonly kind: 'diagnosed'; readonly diagnosis: Diagnosis }
  | { readonly kind: 'bad-config'; readonly errors: readonly ConfigError[] }
  | { readonly kind: 'unknown-alert'; readonly known: readonly string[] }
  | { readonly kind: 'no-target'; readonly targets: readonly string[] };

export interface RuleFileVerbs {
  /** Throws `CliError` for what was asked wrongly, or cannot be reached. */
  check(request: RuleCheckRequest, signal: AbortSignal): Promise<RuleCheckReport>;
  /** Runs unit test files in promtool's format. */
  test(files: readonly string[], options: RuleTestOptions): Promise<readonly RuleTestFile[]>;
  /** Sources as in the configuration: `catalog`, `catalog/published`, files, directories, globs. */
  list(sources: readonly string[]): Promise<readonly ListedRule[]>;
  prove(request: ProofRequest): Promise<ProofReport>;
}

export interface ProofRequest extends RuleSettingsRequest {
  readonly sources: readonly string[];
  /** Where each witness is written as a unit test; null: nowhere. */
  readonly testsDirectory: string | null;
}

export interface ProofReport {
  readonly alerts: readonly ProvedAlert[];
  /** Files that could not be read, and what is wrong in the others. */
  readonly findings: readonly FileFinding[];
  readonly files: number;
  /** Paths of the unit tests that were written. */
  readonly tests: readonly string[];
}

/** What is known of one alert. The shape is public: `rules prove -o json` prints it. */
export interface ProvedAlert {
  readonly file: string;
  readonly group: string;
  readonly alert: string;
  readonly verdict: 'fires' | 'never-fires' | 'unproven';
  readonly reason: string;
  readonly line: number;
  readonly column: number;
  readonly steps: readonly { readonly line: number; readonly column: number; readonly text: string }[];
  /** What to write instead; empty where nothing is known to be wrong. */
  readonly correction: string;
  /** In the words of promtool's unit tests; null unless the alert fires. */
  readonly witness: {
    readonly interval: string;
    readonly evaluation_interval: string;
    readonly input_series: readonly { readonly series: string; readonly values: string }[];
    readonly eval_time: string;
  } | null;
}

/** A finding with the line it is about. */
export interface RuleFileFinding extends FileFinding {
  /** How many characters from the column on are meant; 0: not known. */
  readonly length: number;
  /** The line as the file has it; null when it could not be read. */
  readonly sourceLine: string | null;
}

export interface RuleCheckReport {
  readonly findings: readonly RuleFileFinding[];
  readonly files: number;
  readonly rules: number;
}

export interface RuleTestOptions {
  /** Regular expressions; a test runs when one of them matches somewhere in its name. Empty: all tests run. */
  readonly run: readonly string[];
  /** Lets keys of rule files pass that Prometheus does not know. */
  readonly ignoreUnknownKeys: boolean;
  /** A file for the results as JUnit XML; null: none is written. */
  readonly junitPath: string | null;
}

export interface RuleTestFile {
  readonly file: string;
  readonly passed: boolean;
  /** What differs, or why the file could not be run. */
  readonly failures: readonly string[];
  /** What is odd and fails nothing: a pattern without a file. */
  readonly warnings: readonly string[];
}

export interface ListedRule {
  readonly file: string;
  readonly line: number;
  readonly group: string;
  readonly kind: 'alert' | 'record';
  readonly name: string;
  readonly expr: string;
  readonly forMs: number;
}

export interface RunbookFileVerbs {
  /** `rules`: rule files, directories or globs that the pages may quote besides what we ship. */
  check(
    sources: readonly string[],
    rules: readonly string[],
  ): Promise<{ readonly findings: readonly FileFinding[]; readonly pages: readonly RunbookView[] }>;
  /** The page of that title, alias or alert; null with what there is when none fits. */
  show(sources: readonly string[], title: string): Promise<{ readonly page: RunbookPageView | null; readonly titles: readonly string[] }>;
  /** What the words of unbound steps speak for. Writes nothing. */
  propose(sources: readonly string[]): Promise<{ readonly pages: readonly ProposedPage[]; readonly findings: readonly FileFinding[] }>;
  /** Runs the tests beside pages: those whose name contains `run`, or all. */
  test(sources: readonly string[], run: string | null): Promise<readonly PageTestFile[]>;
  /** A page for the rule of an alert; nothing is written. */
  create(alert: string, rules: readonly string[]): Promise<NewPageReport>;
  /** Writes a new page; never over a file that exists. */
  save(
    directory: string,
    page: { readonly name: string; readonly text: string },
  ): Promise<{ readonly file: string } | { readonly refused: string }>;
  /** Renders pages into a static site, or says why it does not. */
  build(request: {
    readonly sources: readonly string[];
    readonly rules: readonly string[];
    readonly directory: string;
  }): Promise<BuildReport | { readonly refused: string }>;
  /** Writes what was accepted, or says why it was not written. */
  bind(request: BindRequest): Promise<{ readonly file: string } | { readonly refused: string }>;
}

/** A step that nothing is bound to, with what its words speak for. */
export interface ProposedStep {
  readonly id: string;
  readonly text: string;
  readonly line: number;
  readonly column: number;
  readonly proposals: readonly ProposedBinding[];
}

export interface ProposedBinding {
  readonly kind: 'check' | 'action' | 'manual';
  /** Id of the check or action; empty for `manual`. */
  readonly id: string;
  /** Causes for which the action would be offered. */
  readonly when: readonly string[];
  /** The reason why a person does it, as a draft. */
  readonly why: string | null;
  /** 0 to 1. */
  readonly score: number;
  /** The words of the item that speak for it. */
  readonly because: readonly string[];
}

export interface ProposedPage {
  readonly title: string;
  readonly path: string;
  readonly hash: string;
  /** Steps of the page, those that are bound already included. */
  readonly stepCount: number;
  /** Only the unbound ones. */
  readonly steps: readonly ProposedStep[];
  /** Why nothing can be bound here; null when it can. */
  readonly blocked: string | null;
}

/** The tests of one page and what came of them. */
export interface PageTestFile {
  readonly file: string;
  /** Why the file could not be run; empty when it could. */
  readonly findings: readonly FileFinding[];
  readonly tests: readonly {
    readonly name: string;
    readonly line: number;
    /** What came out otherwise: `-` was expected, `+` was found. Empty: passed. */
    readonly differences: readonly { readonly about: string; readonly lines: readonly string[] }[];
  }[];
}

export type NewPageReport =
  | { readonly name: string; readonly text: string }
  | { readonly impossible: string; readonly known: readonly string[] };

export interface BuildReport {
  readonly directory: string;
  readonly pages: number;
  readonly files: number;
  readonly findings: readonly FileFinding[];
}

export interface BindRequest {
  readonly page: ProposedPage;
  /** `beside`: a bindings file; `page`: shortcodes in the page itself. */
  readonly into: 'beside' | 'page';
  /** What a person accepted. */
  readonly accepted: readonly { readonly step: string; readonly bindings: readonly ProposedBinding[] }[];
}

export interface FoundProxy {
  readonly name: string;
  readonly proxy: 'haproxy' | 'traefik';
  readonly metricsUrl: string;
  /** Where we looked and what was not found, as sentences. */
  readonly notes: readonly string[];
}

export interface InitReport {
  readonly path: string;
  /** `nothing`: no proxy was found, and so nothing was written. */
  readonly outcome: 'written' | 'exists' | 'dry-run' | 'nothing';
  /** The configuration as written, or as it would be. */
  readonly text: string;
  readonly found: readonly FoundProxy[];
  readonly notes: readonly string[];
}
