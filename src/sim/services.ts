/**
 * WHAT A CLUSTER IS THERE FOR, once it is whole again: every member answers reads and writes, and
 * knows the leases. Nothing of it may be refused, or take long.
 */
import type { LeaseId } from '../kv/command.ts';
import { bytesOfText } from '../lib/bytes.ts';
import type { Calm } from './calm.ts';
import type { SimNode } from './sim-node.ts';

/** Nobody else has a use for them. */
const NO_KEY = bytesOfText('a-key-of-nobody');
const NO_LEASE = '999999999' as LeaseId;

/** A write that changes nothing, and needs no room. */
export const NO_WRITE = {
  kind: 'delete',
  key: NO_KEY,
  end: null,
  open: false,
  condition: null,
  prev: false,
} as const;

/** @throws SimFailure when something is not served. */
export function checkServices(calm: Calm): void {
  for (const member of calm.members) checkMember(calm, member);
}

function checkMember(calm: Calm, member: SimNode): void {
  calm.served('writes are served', member, (node, context) => node.propose(NO_WRITE, context));
  calm.served('reads are served', member, (node, context) => node.readBarrier(context));
  checkNames(calm, member);
  const left = calm.served('leases are served', member, (node, context) =>
    node.keepAlive(NO_LEASE, context),
  );
  calm.check(left === null, 'leases are served', () => `${member.name} renews what is not there`);
}

/** A request that is sent again gets its first answer; another one under its name gets none. */
function checkNames(calm: Calm, member: SimNode): void {
  const requestId = `last-of-${member.name}`;
  const write = (prev: boolean): string | null =>
    calm.served('writes are served', member, async (node, context) => {
      const result = await node.propose({ ...NO_WRITE, prev }, { ...context, requestId });
      return result.type;
    });
  const answers = [write(false), write(false), write(true)];
  calm.check(
    answers.join() === 'delete,delete,request-mismatch',
    'names are for one request',
    () => {
      return `${member.name} answers ${answers.join()}`;
    },
  );
}
