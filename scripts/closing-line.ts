import type { Reporter, TestModule } from 'vitest/node';

/**
 * Ends a test run with one plain line, `N passed, N failed, N skipped`, and names what was skipped. With
 * PROXYMEDIC_ALL set a skipped test is a failure: there everything that tests may need is installed.
 */
export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const counts = { passed: 0, failed: 0, skipped: 0 };
    const skipped: string[] = [];
    for (const module of modules) {
      if (module.state() === 'failed' && module.children.size === 0) counts.failed += 1;
      for (const test of module.children.allTests()) {
        const state = test.result().state;
        if (state === 'passed') counts.passed += 1;
        else if (state === 'failed') counts.failed += 1;
        else {
          counts.skipped += 1;
          skipped.push(`${module.relativeModuleId}: ${test.fullName}`);
        }
      }
    }
    for (const name of skipped) console.log(`skipped: ${name}`);
    if (process.env['PROXYMEDIC_ALL'] && skipped.length > 0) {
      console.log('PROXYMEDIC_ALL is set: nothing may be skipped here');
      process.exitCode = 1;
    }
    console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
  }
}
