import { expect, test } from 'vitest';
import { acos, acosh, asin, asinh, atan, atan2, cos, cosh, sin, sinh, tan, tanh } from './go-trigonometry.ts';

/** Printed by Go 1.26 on amd64, where JavaScript's own functions differ in the last digit. */
test.each([
  [sin, -9.5, 0.07515112046180931],
  [sin, 2, 0.9092974268256816],
  [sin, 1_748_831_494_712, 0.9560122801485575],
  [cos, -434, 0.8959575588946698],
  [cos, 24, 0.4241790073369969],
  [cos, 1_748_831_494_712, 0.2933266442128227],
  [tan, 8.2, -2.7737492953834213],
  [tan, -4.4, -3.096323780649746],
  [tan, 1_748_831_494_712, 3.2592070956054178],
  [asin, -0.2, -0.20135792079033082],
  [acos, 0.2, 1.3694384060045657],
  [acos, 0.5, 1.0471975511965976],
  [acos, 2, Number.NaN],
  [atan, -9.5, -1.4659193880646626],
  [atan, 8.2, 1.4494443262241328],
  [sinh, 74, 6.8669148977008805e31],
  [sinh, -0, -0],
  [cosh, 709.9, Number.POSITIVE_INFINITY],
  [tanh, -0.8, -0.6640367702678489],
  [asinh, 5.4, 2.3880113222846493],
  [asinh, -770, -7.3395381170636735],
  [acosh, 825, 7.408530199584965],
])('%o of %d is %d', (of, value, result) => {
  expect(of(value)).toBe(result);
});

test.each([
  [532, 349, 0.9902042240367375],
  [976, 4.8, 1.5658783336583317],
  [671, -1, 1.5722866386572762],
  [-0, -1, -Math.PI],
  [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, (3 * Math.PI) / 4],
])('the angle of y %d and x %d is %d', (y, x, result) => {
  expect(atan2(y, x)).toBe(result);
});
