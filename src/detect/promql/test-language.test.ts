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
    'eval range from 0 to 1m step 1m label_replace(a, "long_name", "1", "", "") or a\n  a{x="1",long_name="1"} 0 1\n  a{x="2",long_name="1"} 5 5\n  a{x="1"} 0 1\n  a{x="2"} 5 5\n',
    'eval_fail instant at 3m a + on() a\n  expected_fail_regexp duplicate series\n',
    'eval instant at 2m a{x="1"}[2m]\n  expect range vector from 1m to 2m step 1m\n  a{x="1"} 1 2\n',
  ])('%j', (script) => {
    expect(problems(script)).toEqual([null]);
  });
});

test('a number ends what is expected: the next command may follow at once', () => {
  expect(problems('eval instant at 1m 1 + 1\n  2\neval instant at 1m 2 + 2\n  5\n')).toEqual([null, 'expected 5, got 4']);
});

test('what is loaded twice under a name is there as it was loaded last', () => {
  const twice = 'clear\nload 1m\n  a 1 2 3\n  a 9\n\neval instant at 2m count_over_time(a[10m])\n  {} 1\n';
  expect(problems(twice)).toEqual([null]);
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
    ['eval instant at 3m a{x="1"}\n  expect warn\n  expect no_warn\n  a{x="1"} 3\n', 'warn and no_warn cannot be used together'],
    ['eval instant at 3m a{x="1"}\n  expect info\n  expect no_info\n  a{x="1"} 3\n', 'info and no_info cannot be used together'],
    ['eval instant at 3m a + on() a\n  expect fail\n  expect fail\n', 'multiple expect fail lines are not allowed'],
    ['eval instant at 3m a{x="1"}\n  expect often\n  a{x="1"} 3\n', 'invalid expect statement'],
    ['eval instant at 3m a{x="1"}\n  a{x="1"} 3 _\n', 'several values of a series are expected of one instant'],
    ['eval instant at 3m b\n  a{x="1"} _\n', 'missing series {x="1"}'],
    ['eval instant at 1m "text"\n  expect string text\n', 'a quoted string literal is required'],
    ['eval instant a{x="1"}\n  a{x="1"} 0\n', 'not a valid duration'],
    ['eval instant at -1m a{x="1"}\n  a{x="1"} 0\n', 'not a valid duration'],
    ['eval range from 2m to 1m step 1m a\n', 'end timestamp (1m) is before start timestamp (2m)'],
    ['eval range from 0 to 1m step 1m a{x="1"}\n  a{x="1"} 0 1 _\n', 'expected 3 values of {x="1"}, the time range has 2'],
    ['eval range from 0 to 1m step 1m a{x="1"}\n  expect ordered\n  a{x="1"} 0 1\n', 'got a matrix, which has none of its own'],
    ['eval instant at 3m a + on() a\n  expected_fail_message x\n', 'unexpected'],
  ])('%j', (script, problem) => {
    expect(problems(script)[0]).toContain(problem);
  });
});

test.each([
  ['frobnicate\n', 'line 1: unknown command "frobnicate", expected clear, load or eval'],
  ['\nload\n', 'line 2: invalid load command'],
  ['load 1m\n  a{x=~"1"} 1\n', 'line 1: a series has label "x" with "=", not "=~"'],
  ['load 1x\n', 'line 1: unknown unit "x"'],
  ['load -1m\n', 'line 1: not a valid duration'],
  ['load 1m\n  a@st -1m\n', 'line 1: @st line has no following sample line'],
  ['load 1m\n  a@st -1m\n  a@st -1m\n  a 1\n', 'line 1: @st line has no following sample line'],
  ['load 1m\n  a@st -1m\n  b 1\n', 'line 1: @st metric does not match the following sample line metric'],
  ['load 1m\n  a@st -1mx2\n  a 1 2\n', 'line 1: @st line has 3 values but sample line has 2'],
  ['load 1m\n  a@st -1m+1m\n  a 1 2\n', 'line 1: invalid start time'],
  ['load 1m\n  a@st _x0\n  a 1\n', 'line 1: invalid start time'],
  ['eval instant at 1m 1 + 1\n  2\n  a 1\n', 'line 3: unknown command "a"'],
])('%j is not in the language', (script, message) => {
  expect(() => runTestScript(script)).toThrow(TestScriptError);
  expect(() => runTestScript(script)).toThrow(message);
});
