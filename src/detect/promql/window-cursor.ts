import type { SeriesCursor } from '../series/queryable.ts';
import type { Budget } from './limits.ts';
import { holdsMarker, selectedSamples } from './series-cursor.ts';
import type { SeriesWindow } from './value.ts';

/** Goes through the windows of a range vector, empty ones left out. A window is only good until the next one is asked for. */
export interface WindowCursor {
  /** null: there is none left. */
  next(): SeriesWindow | null;
}

/** Windows straight from the store. */
export class FreshWindows implements WindowCursor {
  readonly #cursor: SeriesCursor;
  readonly #budget: Budget;

  constructor(cursor: SeriesCursor, budget: Budget) {
    this.#cursor = cursor;
    this.#budget = budget;
  }

  next(): SeriesWindow | null {
    const cursor = this.#cursor;
    while (cursor.advance()) {
      const window = holdsMarker(cursor) ? selectedSamples(cursor) : cursor;
      if (window.start === window.end) continue;
      this.#budget.spend(window.end - window.start);
      return window;
    }
    return null;
  }
}

/** Windows of series that were read for all steps. */
export class ListedWindows implements WindowCursor {
  readonly #series: readonly SeriesWindow[];
  readonly #windowOf: (series: SeriesWindow) => SeriesWindow;
  readonly #budget: Budget;
  #next = 0;

  constructor(series: readonly SeriesWindow[], windowOf: (series: SeriesWindow) => SeriesWindow, budget: Budget) {
    this.#series = series;
    this.#windowOf = windowOf;
    this.#budget = budget;
  }

  next(): SeriesWindow | null {
    for (let series = this.#series[this.#next]; series !== undefined; series = this.#series[this.#next]) {
      this.#next += 1;
      const window = this.#windowOf(series);
      if (window.start === window.end) continue;
      this.#budget.spend(window.end - window.start);
      return window;
    }
    return null;
  }
}
