/** The calls with which a node becomes a member of a running cluster, and says where it is. */

import { type ClusterId, type MemberId, parseClusterId } from '../lib/ids.ts';
import { parseOrigin } from '../lib/peer-url.ts';
import type { Logger } from '../lib/logger.ts';
import { type Answer, type Caller, call, listField, pause, sending, textField } from './http.ts';

const CALL_TIMEOUT_MS = 5000;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5000;

/** A cluster, as one of its members describes it. */
export interface FoundCluster {
  readonly clusterId: ClusterId;
  /** Where members can be reached, the one that was asked first. */
  readonly urls: readonly string[];
}

/** Asks a member for its cluster until it answers; null when it has not in `patienceMs`. */
export async function findCluster(
  caller: Caller,
  through: string,
  patienceMs: number,
  logger: Logger,
): Promise<FoundCluster | null> {
  const deadline = caller.clock.now() + patienceMs;
  for (let wait = FIRST_PAUSE_MS; ; wait = Math.min(2 * wait, LONGEST_PAUSE_MS)) {
    const answer = await call(caller, `${through}/cluster`, CALL_TIMEOUT_MS);
    const found = readCluster(answer, through);
    if (found !== null) return found;
    if (caller.clock.now() + wait > deadline) return null;
    logger.log('warn', 'node', 'the member to join through does not answer yet', {
      url: through,
      why: whyNot(answer),
    });
    await pause(caller.clock, wait);
  }
}

export interface NewMember {
  readonly id: MemberId;
  readonly name: string;
  readonly url: string;
}

export type Persuasion =
  | { readonly type: 'done' }
  /** Asking again would not help. */
  | { readonly type: 'refused'; readonly why: string }
  | { readonly type: 'stopped' };

/**
 * Asks the members in turn to add this one, until one has or the signal fires. The call is
 * idempotent by the member's id, so that a lost answer does no harm.
 */
export function joinCluster(
  caller: Caller,
  urls: readonly string[],
  member: NewMember,
  logger: Logger,
  signal: AbortSignal,
): Promise<Persuasion> {
  return persuade(caller, urls, '/cluster/members', sending('POST', member), logger, signal);
}

/**
 * Tells the members that this one has moved. It asks them, and not its own node: the leader does
 * not know where to find that yet.
 */
export function announceUrl(
  caller: Caller,
  urls: readonly string[],
  { id, url }: Omit<NewMember, 'name'>,
  logger: Logger,
  signal: AbortSignal,
): Promise<Persuasion> {
  const path = `/cluster/members/${id}`;
  return persuade(caller, urls, path, sending('PUT', { url }), logger, signal);
}

/** Sends a request to the members in turn until one of them has done what it asks. */
async function persuade(
  caller: Caller,
  urls: readonly string[],
  path: string,
  request: RequestInit,
  logger: Logger,
  signal: AbortSignal,
): Promise<Persuasion> {
  let wait = FIRST_PAUSE_MS;
  for (let attempt = 0; !signal.aborted; attempt += 1) {
    const url = urls[attempt % urls.length] ?? '';
    const answer = await call(caller, url + path, CALL_TIMEOUT_MS, request);
    if (answer.type === 'answered' && answer.status < 300) return { type: 'done' };
    if (isFinal(answer)) return { type: 'refused', why: whyNot(answer) };
    logger.log('warn', 'node', 'the membership is not changed yet', { url, why: whyNot(answer) });
    await pause(caller.clock, wait, signal);
    wait = Math.min(2 * wait, LONGEST_PAUSE_MS);
  }
  return { type: 'stopped' };
}

/** What an answer that is no success says. */
function whyNot(answer: Answer): string {
  if (answer.type === 'refused') return 'nobody listens there';
  if (answer.type === 'silent') return answer.why;
  const code = textField(answer.body, 'code');
  const detail = textField(answer.body, 'detail') ?? 'no reason given';
  return code === null ? `status ${answer.status}` : `${code}: ${detail}`;
}

function readCluster(answer: Answer, through: string): FoundCluster | null {
  if (answer.type !== 'answered' || answer.status !== 200) return null;
  const clusterId = parseClusterId(textField(answer.body, 'clusterId') ?? '');
  if (clusterId === null) return null;
  const members = listField(answer.body, 'members').map(urlOf);
  const urls = new Set([through, ...members.filter((url) => url !== null)]);
  return { clusterId, urls: [...urls] };
}

function urlOf(member: unknown): string | null {
  const url = textField(member, 'url') ?? listField(member, 'clientUrls')[0];
  return typeof url === 'string' ? parseOrigin(url) : null;
}

/** Whether the answer would stay the same: the request itself is refused. */
function isFinal(answer: Answer): boolean {
  if (answer.type !== 'answered' || answer.status < 400 || answer.status >= 500) return false;
  if (answer.status === 408 || answer.status === 429) return false;
  return textField(answer.body, 'code') !== 'membership-change-pending';
}
