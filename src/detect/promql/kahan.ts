/** A sum that keeps what floating point would lose (Neumaier), as Prometheus adds samples. Infinite sums carry no correction. */
export class KahanSum {
  sum: number;
  correction = 0;

  constructor(sum = 0) {
    this.sum = sum;
  }

  add(value: number): void {
    const next = this.sum + value;
    if (!Number.isFinite(next)) this.correction = 0;
    else if (Math.abs(this.sum) >= Math.abs(value)) this.correction += this.sum - next + value;
    else this.correction += value - next + this.sum;
    this.sum = next;
  }

  /** The sum with its correction. */
  get total(): number {
    return this.sum + this.correction;
  }
}

/**
 * The mean of values added one by one. Adds up as long as the sum fits, then moves the mean incrementally,
 * which loses precision but cannot overflow.
 */
export class RunningMean {
  private total = new KahanSum();
  private count = 0;
  private incremental = false;

  add(value: number): void {
    this.count++;
    if (!this.incremental) {
      const before = this.total;
      const { sum, correction } = before;
      before.add(value);
      if (this.count === 1 || Number.isFinite(before.sum) || !Number.isFinite(sum) || !Number.isFinite(value)) return;
      this.incremental = true;
      this.total = new KahanSum(sum / (this.count - 1));
      this.total.correction = correction / (this.count - 1);
    }
    this.move(value);
  }

  private move(value: number): void {
    const share = (this.count - 1) / this.count;
    const moved = new KahanSum(share * this.total.sum);
    moved.correction = share * this.total.correction;
    moved.add(value / this.count);
    this.total = moved;
  }

  get mean(): number {
    return this.incremental ? this.total.total : this.total.sum / this.count + this.total.correction / this.count;
  }
}

/** Population variance of values added one by one (Welford). */
export class RunningVariance {
  private count = 0;
  private readonly mean = new KahanSum();
  private readonly squares = new KahanSum();

  add(value: number): void {
    this.count++;
    const delta = value - this.mean.total;
    this.mean.add(delta / this.count);
    this.squares.add(delta * (value - this.mean.total));
  }

  get variance(): number {
    return this.squares.total / this.count;
  }
}

/** The sum of values, with Kahan's correction. */
export function sumOf(values: readonly number[]): number {
  const sum = new KahanSum();
  for (const value of values) sum.add(value);
  return sum.total;
}

/** The mean of values; NaN without any. */
export function meanOf(values: readonly number[]): number {
  const mean = new RunningMean();
  for (const value of values) mean.add(value);
  return mean.mean;
}
