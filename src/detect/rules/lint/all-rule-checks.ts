import { absentLabels } from './checks/absent-labels.ts';
import { collidingLabels } from './checks/colliding-labels.ts';
import { counterAsGauge } from './checks/counter-as-gauge.ts';
import { frozenMetric } from './checks/frozen-metric.ts';
import { highWaterMark } from './checks/high-water-mark.ts';
import { lostLabel } from './checks/lost-label.ts';
import { lowTraffic } from './checks/low-traffic.ts';
import { mergedObjects } from './checks/merged-objects.ts';
import { misreadMetric } from './checks/misread-metric.ts';
import { missingFor } from './checks/missing-for.ts';
import { nanComparison } from './checks/nan-comparison.ts';
import { neverFires } from './checks/never-fires.ts';
import { noRunbook } from './checks/no-runbook.ts';
import { percentageAsRatio } from './checks/percentage-as-ratio.ts';
import { rateOfGauge } from './checks/rate-of-gauge.ts';
import { ratioAsPercentage } from './checks/ratio-as-percentage.ts';
import { sharedMetric } from './checks/shared-metric.ts';
import { shortWindow } from './checks/short-window.ts';
import { unexposedSeries } from './checks/unexposed-series.ts';
import { unknownLabel } from './checks/unknown-label.ts';
import { unknownLabelValue } from './checks/unknown-label-value.ts';
import { unknownMetric } from './checks/unknown-metric.ts';
import { unmatchedVectors } from './checks/unmatched-vectors.ts';
import { valueInLabel } from './checks/value-in-label.ts';
import type { RuleCheck } from './rule-check.ts';

/** Every check of a single rule. */
export const ruleChecks: readonly RuleCheck[] = [
  neverFires,
  lostLabel,
  valueInLabel,
  shortWindow,
  rateOfGauge,
  counterAsGauge,
  ratioAsPercentage,
  percentageAsRatio,
  highWaterMark,
  mergedObjects,
  unmatchedVectors,
  collidingLabels,
  absentLabels,
  nanComparison,
  lowTraffic,
  missingFor,
  unknownMetric,
  unknownLabel,
  unknownLabelValue,
  sharedMetric,
  frozenMetric,
  misreadMetric,
  unexposedSeries,
  noRunbook,
];

/** Findings that are made from files, pages or a Prometheus, and not by a check of one rule. */
export const otherCheckIds = [
  'load',
  'proxymedic-comment',
  'runbook-without-rule',
  'runbook-drift',
  'series-never-seen',
  'series-vanished',
  'alert-count',
] as const;

/** Every id that a finding can have; all but `load` and `proxymedic-comment` can be silenced. */
export const checkIds: readonly string[] = [...ruleChecks.map(({ id }) => id), ...otherCheckIds];
