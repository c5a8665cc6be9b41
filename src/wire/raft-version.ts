/**
 * VERSIONS OF THE PEER PROTOCOL
 *
 * Every peer request and answer names the range of versions its sender speaks; both sides use the
 * newest they share. Within one version the form of every message is exact: a field that a version
 * does not know is refused, never skipped.
 */

/** An inclusive range of protocol versions. */
export interface WireRange {
  readonly min: number;
  readonly max: number;
}

/** What this program speaks. */
export const WIRE_VERSIONS: WireRange = { min: 1, max: 1 };

/** The text of the `Abcd-Wire` header. */
export function formatWireRange(range: WireRange): string {
  return `${range.min}-${range.max}`;
}

/** The range in an `Abcd-Wire` header, or null when it is not one. */
export function parseWireRange(text: string): WireRange | null {
  const match = /^([1-9][0-9]{0,5})-([1-9][0-9]{0,5})$/.exec(text);
  if (match === null) return null;
  const range = { min: Number(match[1]), max: Number(match[2]) };
  return range.min <= range.max ? range : null;
}

/** The newest version both speak, or null when there is none. */
export function commonWireVersion(a: WireRange, b: WireRange): number | null {
  const newest = Math.min(a.max, b.max);
  return newest >= Math.max(a.min, b.min) ? newest : null;
}
