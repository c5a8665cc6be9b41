import type {
  CommandBase,
  DeleteCommand,
  KvCommand,
  LeaseCheckpointCommand,
  LeaseExpireCommand,
  LoggedCommand,
  PutCommand,
  RememberCommand,
  RememberedAnswer,
} from './command.ts';
import { txnCommandFault } from './decode-txn.ts';
import {
  conditionFault,
  countFault,
  type Fault,
  isCount,
  grantFault,
  isObject,
  leaseFault,
  leaseGrantFault,
  putFault,
  rangeFault,
  requestIdFault,
  type Unchecked,
} from './fields.ts';
import { MAX_CHECKPOINTED_LEASES } from './limits.ts';

/**
 * A committed command of a kind or version that this software does not know: a newer member wrote
 * it. The node must stop, for to skip it would be to diverge.
 */
export class UnknownCommandError extends Error {
  override readonly name = 'UnknownCommandError';

  constructor(command: LoggedCommand) {
    const { kind, v } = command;
    super(`unknown command: ${JSON.stringify({ kind, v }).slice(0, 200)}`);
  }
}

/** A command, or why it is none. */
export type Decoded =
  | { readonly ok: true; readonly command: KvCommand }
  | { readonly ok: false; readonly reason: string };

/** The kinds there are, and what is wrong with the fields of each; none of them is trusted. */
const KINDS: ReadonlyMap<unknown, (fields: object) => Fault> = new Map<
  KvCommand['kind'],
  (fields: object) => Fault
>([
  ['put', putCommandFault],
  ['delete', deleteFault],
  ['txn', txnCommandFault],
  ['compact', ({ revision }: { revision?: unknown }) => countFault('revision', revision)],
  ['lease-grant', leaseGrantFault],
  ['lease-revoke', ({ id }: { id?: unknown }) => leaseFault(id)],
  ['lease-keepalive', ({ id }: { id?: unknown }) => leaseFault(id)],
  ['lease-checkpoint', checkpointFault],
  ['lease-expire', expireFault],
  ['remember', rememberFault],
]);

/**
 * Checks a command of the log before it is applied. The boundary has refused malformed ones long
 * before; this makes sure that one which slipped through is refused by every node in the same way
 * and cannot stop the cluster for ever.
 *
 * @throws UnknownCommandError for a kind or version this software does not know.
 */
export function decodeCommand(command: LoggedCommand): Decoded {
  const faultOf = KINDS.get(command.kind);
  if (command.v !== 1 || faultOf === undefined) throw new UnknownCommandError(command);
  const reason = baseFault(command) ?? faultOf(command);
  return reason === null ? { ok: true, command: command as KvCommand } : { ok: false, reason };
}

function baseFault({ at, by, requestId }: Unchecked<CommandBase>): Fault {
  if (typeof at !== 'number' || !Number.isSafeInteger(Math.floor(at)) || at < 0) {
    return 'at is not a time';
  }
  if (by !== null && typeof by !== 'string') return 'by is malformed';
  return requestIdFault(requestId);
}

function putCommandFault(fields: Unchecked<PutCommand>): Fault {
  if (typeof fields.prev !== 'boolean') return 'prev is not a boolean';
  const fault = putFault(fields) ?? conditionFault(fields.condition) ?? grantFault(fields.grant);
  if (fault !== null) return fault;
  const { grant, lease } = fields as PutCommand;
  const isOther = (grant ?? null) !== null && grant?.id !== lease;
  return isOther ? 'grant is not of the lease of the put' : null;
}

function deleteFault(fields: Unchecked<DeleteCommand>): Fault {
  if (typeof fields.prev !== 'boolean') return 'prev is not a boolean';
  if (typeof fields.open !== 'boolean') return 'open is not a boolean';
  return rangeFault(fields) ?? conditionFault(fields.condition);
}

function expireFault({ id, term, epoch }: Unchecked<LeaseExpireCommand>): Fault {
  return leaseFault(id) ?? countFault('term', term) ?? countFault('epoch', epoch);
}

function rememberFault({ content, answer }: Unchecked<RememberCommand>): Fault {
  if (typeof content !== 'string') return 'content is not a text';
  if (!isObject(answer)) return 'answer is malformed';
  const { status, body } = answer as Unchecked<RememberedAnswer>;
  return isCount(status) && typeof body === 'string' ? null : 'answer is malformed';
}

function checkpointFault({ term, leases }: Unchecked<LeaseCheckpointCommand>): Fault {
  if (!Array.isArray(leases)) return 'leases is not a list';
  if (leases.length > MAX_CHECKPOINTED_LEASES) return 'leases has too many items';
  for (const lease of leases as readonly unknown[]) {
    if (!isObject(lease)) return 'a lease is malformed';
    const { id, epoch, remaining } = lease;
    const fault =
      leaseFault(id) ?? countFault('epoch', epoch) ?? countFault('remaining', remaining);
    if (fault !== null) return fault;
  }
  return countFault('term', term);
}
