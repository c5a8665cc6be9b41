import type { HttpLimits } from '../config.ts';
import type { Query } from '../request/query.ts';

type ItemLimits = Pick<HttpLimits, 'pageItems' | 'pageItemsMax'>;

/** How many items a page has when the request does not say. */
export function defaultPageLimit({ pageItems, pageItemsMax }: ItemLimits): number {
  return Math.min(pageItems, pageItemsMax);
}

/** How many items a query wants on a page. @throws ApiError `bad-request` */
export function pageLimitOf(query: Query, limits: ItemLimits): number {
  return query.integer('limit', 1, limits.pageItemsMax, 'page-items') ?? defaultPageLimit(limits);
}

/** The items of a page as texts of JSON, which share a budget of bytes; one always fits. */
export class PageItems {
  readonly texts: string[] = [];
  readonly #budget: number;
  #bytes = 0;

  constructor(budget: number) {
    this.#budget = budget;
  }

  get count(): number {
    return this.texts.length;
  }

  /** Whether it fitted; a comma is reckoned with each. */
  add(text: string): boolean {
    const bytes = Buffer.byteLength(text) + 1;
    if (this.count > 0 && this.#bytes + bytes > this.#budget) return false;
    this.#bytes += bytes;
    this.texts.push(text);
    return true;
  }
}

/** How many of the first items, of these sizes in bytes, a page takes; one, whatever its size. */
export function fitting(sizes: Iterable<number>, limit: number, budget: number): number {
  let bytes = 0;
  let taken = 0;
  for (const size of sizes) {
    bytes += size;
    if (taken === limit || (taken > 0 && bytes > budget)) break;
    taken += 1;
  }
  return taken;
}
