/**
 * NAMES OF WRITES
 *
 * Every write has a name, `<client>.<n>`: sent again under it, to any node, it has one effect. The
 * cluster remembers the newest 1,000 names of each client, so a write that is still under way must
 * not fall behind by so many. One series of numbers is therefore used only within a window; when a
 * slow write holds it up, a further series, a client of its own to the cluster, takes over.
 */

/** Half of what the cluster remembers. */
const WINDOW = 500;

/** A name in use; `done` once no more attempts will be made under it. */
export interface RequestId {
  readonly id: string;
  readonly done: () => void;
}

export class RequestIds {
  readonly #clientId: string;
  readonly #series: Series[] = [];

  constructor(clientId: string) {
    this.#clientId = clientId;
  }

  take(): RequestId {
    let series = this.#series.find((one) => one.hasRoom);
    if (series === undefined) {
      const number = this.#series.length;
      series = new Series(number === 0 ? this.#clientId : `${this.#clientId}-${number}`);
      this.#series.push(series);
    }
    return series.take();
  }
}

class Series {
  readonly #name: string;
  /** Insertion order is the order of the numbers, so the first is the oldest. */
  readonly #underWay = new Set<number>();
  #next = 1;

  constructor(name: string) {
    this.#name = name;
  }

  get hasRoom(): boolean {
    const oldest = this.#underWay.values().next();
    return oldest.done === true || this.#next - oldest.value < WINDOW;
  }

  take(): RequestId {
    const number = this.#next;
    this.#next += 1;
    this.#underWay.add(number);
    return { id: `${this.#name}.${number}`, done: () => void this.#underWay.delete(number) };
  }
}
