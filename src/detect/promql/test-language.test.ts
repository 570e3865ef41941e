import { describe, expect, test } from 'vitest';
import { runTestScript } from './test-language.ts';
import { TestScriptError } from './test-script.ts';

const data = 'load 1m\n  a{x="1"} 0+1x10\n  a{x="2"} 5 _ stale 7\n\n';

function problems(script: string): (string | null)[] {
  return runTestScript(data + script).map(({ problem }) => problem);
}

describe('what holds, passes', () => {
  test.each([
    'eval instant at 3m a\n  a{x="1"} 3\n  a{x="2"} 7\n',
    'eval instant at 2m a\n  a{x="1"} 2\n',
    'eval range from 0 to 2m step 1m a{x="2"}\n  a{x="2"} 5 5 _\n',
    'eval instant at 1m 1 + 1\n  2\n',
    'eval instant at 1m "text"\n  expect string "text"\n',
    'eval instant at 3m sort_desc(a)\n  expect ordered\n  a{x="2"} 7\n  a{x="1"} 3\n',
    'eval instant at 3m a + on() a\n  expect fail\n',
    'eval instant at 5m rate(a[5m])\n  expect info msg: PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: "a" (1:6)\n  {x="1"} 0.0166666666\n',
    'eval instant at 2m a{x="1"}[2m]\n  expect range vector from 1m to 2m step 1m\n  a{x="1"} 1 2\n',
  ])('%j', (script) => {
    expect(problems(script)).toEqual([null]);
  });
});

describe('what does not hold, says why', () => {
  test.each([
    ['eval instant at 3m a\n  a{x="1"} 3\n', 'unexpected series {x="2"} with 7'],
    ['eval instant at 3m a{x="1"}\n  a{x="1"} 4\n', '{x="1"}: expected 4 at 180000 ms, got 3'],
    ['eval instant at 3m a{x="1"}\n  a{x="1"} 3\n  a{x="9"} 3\n', 'missing series {x="9"}'],
    ['eval instant at 3m a{x="1"}\n  expect fail\n', 'expected an error, got a result'],
    ['eval instant at 3m a + on() a\n', 'error: found duplicate series'],
    ['eval instant at 3m a{x="1"}\n  expect warn\n  a{x="1"} 3\n', 'missing warn; got []'],
    ['eval instant at 3m a +\n', 'unexpected end of input'],
  ])('%j', (script, problem) => {
    expect(problems(script)[0]).toContain(problem);
  });
});

test.each([
  ['frobnicate\n', 'line 1: unknown command "frobnicate", expected clear, load or eval'],
  ['\nload\n', 'line 2: invalid load command'],
  ['load 1m\n  a{x=~"1"} 1\n', 'line 1: a series has label "x" with "=", not "=~"'],
  ['load 1x\n', 'line 1: unknown unit "x"'],
])('%j is not in the language', (script, message) => {
  expect(() => runTestScript(script)).toThrow(TestScriptError);
  expect(() => runTestScript(script)).toThrow(message);
});
