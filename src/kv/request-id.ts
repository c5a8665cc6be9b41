/**
 * NAMES OF REQUESTS
 *
 * `<client>.<n>` is a client that counts its requests; any other name is opaque and stands for
 * itself. A slot is the form of a name that is remembered: slots order by client, then by number,
 * so that the requests of one client are one range of slots and its oldest is the first.
 *
 * A node that forwards what has no name of its own is a client too, under a name that begins with
 * a mark no user's name can have: what users do must not decide whether nodes can forward.
 */

/** The parts of a request's name. */
export type RequestId =
  | {
      readonly type: 'counted';
      readonly slot: string;
      readonly client: string;
      readonly number: number;
    }
  | { readonly type: 'opaque'; readonly slot: string };

/** What the name of a client begins with that is a node. */
export const NODE_MARK = '~';

const COUNTED = /^(~?[A-Za-z0-9_-]{1,64})\.(0|[1-9][0-9]{0,15})$/;

/** As many digits as 2^53 - 1 has. */
const DIGITS = 16;

/** No client's name contains it, so the two kinds of slots never meet. */
const OPAQUE_MARK = '/';

/** Reads any name: one that does not count, or counts beyond 2^53 - 1, is opaque. */
export function parseRequestId(id: string): RequestId {
  const [, client, digits] = COUNTED.exec(id) ?? [];
  if (client === undefined || digits === undefined || !Number.isSafeInteger(Number(digits))) {
    return { type: 'opaque', slot: OPAQUE_MARK + id };
  }
  const slot = `${client}.${digits.padStart(DIGITS, '0')}`;
  return { type: 'counted', slot, client, number: Number(digits) };
}

/** The name behind a slot, or null when the text is no slot. */
export function parseSlot(slot: string): RequestId | null {
  const name = isOpaqueSlot(slot) ? slot.slice(1) : slot.replace(/\.0+(?=[0-9])/, '.');
  const id = parseRequestId(name);
  return id.slot === slot ? id : null;
}

export function isOpaqueSlot(slot: string): boolean {
  return slot.startsWith(OPAQUE_MARK);
}

/** Whether the client is a node of the cluster. */
export function isNodeClient(name: string): boolean {
  return name.startsWith(NODE_MARK);
}

/** The client of a counted request. */
export function clientOfSlot(slot: string): string {
  return slot.slice(0, -DIGITS - 1);
}

/** The number of a counted request. */
export function numberOfSlot(slot: string): number {
  return Number(slot.slice(-DIGITS));
}

/** The slots of a client: from the first, up to but not including the second. */
export function slotsOfClient(client: string): readonly [start: string, end: string] {
  // The slash is the character right after the point.
  return [`${client}.`, `${client}/`];
}
