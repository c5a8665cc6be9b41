import type {
  CommandBase,
  Compare,
  CompareOp,
  CompareOperand,
  Condition,
  DeleteCommand,
  KeyValue,
  KvCommand,
  LeaseId,
  PutCommand,
  PutFields,
  TxnCommand,
  TxnOp,
} from '../../../src/kv/command.ts';
import { type ByteString, bytesOfText } from '../../../src/lib/bytes.ts';

const BASE: CommandBase = { v: 1, requestId: null, at: 1000, by: null };

type OfKind<K> = Extract<KvCommand, { readonly kind: K }>;

/** Bytes of a text. */
export function b(text: string): ByteString {
  return bytesOfText(text);
}

/** The id of a lease. */
export function id(text: string): LeaseId {
  return text as LeaseId;
}

/** A put of texts; `fields` replaces what is not the usual. */
export function put(key: string, value: string, fields: Partial<PutCommand> = {}): PutCommand {
  return {
    ...BASE,
    kind: 'put',
    key: b(key),
    value: b(value),
    condition: null,
    prev: false,
    ...fields,
  };
}

/** A delete of one key; `fields` replaces what is not the usual. */
export function del(key: string, fields: Partial<DeleteCommand> = {}): DeleteCommand {
  return {
    ...BASE,
    kind: 'delete',
    key: b(key),
    end: null,
    open: false,
    condition: null,
    prev: false,
    ...fields,
  };
}

/** A transaction; `fields` replaces what is not the usual. */
export function txn(success: readonly TxnOp[], fields: Partial<TxnCommand> = {}): TxnCommand {
  return { ...BASE, kind: 'txn', compare: [], success, failure: [], ...fields };
}

export function compact(revision: number, fields: Partial<CommandBase> = {}): KvCommand {
  return { ...BASE, kind: 'compact', revision, ...fields };
}

export function grant(lease: string, ttl = 60, fields: Partial<CommandBase> = {}): KvCommand {
  return { ...BASE, kind: 'lease-grant', id: id(lease), ttl, ...fields };
}

export function revoke(lease: string, fields: Partial<CommandBase> = {}): KvCommand {
  return { ...BASE, kind: 'lease-revoke', id: id(lease), ...fields };
}

export function keepAlive(lease: string, fields: Partial<CommandBase> = {}): KvCommand {
  return { ...BASE, kind: 'lease-keepalive', id: id(lease), ...fields };
}

export function expire(lease: string, epoch: number, term: number): OfKind<'lease-expire'> {
  return { ...BASE, kind: 'lease-expire', id: id(lease), epoch, term };
}

export function checkpoint(
  lease: string,
  remaining: number,
  epoch: number,
  term: number,
): OfKind<'lease-checkpoint'> {
  const leases = [{ id: id(lease), epoch, remaining }];
  return { ...BASE, kind: 'lease-checkpoint', term, leases };
}

/** Operations of transactions. */
export function putOp(key: string, value: string, fields: Partial<PutFields> = {}): TxnOp {
  return { type: 'put', key: b(key), value: b(value), ...fields };
}

export function getOp(key: string, fields: Partial<TxnOp & { type: 'get' }> = {}): TxnOp {
  return { type: 'get', key: b(key), ...fields };
}

export function delOp(key: string, fields: Partial<TxnOp & { type: 'delete' }> = {}): TxnOp {
  return { type: 'delete', key: b(key), ...fields };
}

export function txnOp(
  compare: readonly Compare[],
  success: readonly TxnOp[],
  failure: readonly TxnOp[] = [],
): TxnOp {
  return { type: 'txn', compare, success, failure };
}

export function compare(
  key: string,
  target: CompareOperand['target'],
  op: CompareOp,
  value: string | number,
  range: Partial<Compare> = {},
): Compare {
  return { key: b(key), target, op, value, ...range } as Compare;
}

export const ABSENT: Condition = { type: 'absent' };

/** The condition that a key was last changed at a revision. */
export function changedAt(revision: number): Condition {
  return { type: 'mod-revision', revision };
}

/** A pair of texts. */
export function pair(
  key: string,
  value: string,
  [createRevision, modRevision, version]: readonly [number, number, number],
  lease: string | null = null,
): KeyValue {
  return {
    key: b(key),
    value: b(value),
    createRevision,
    modRevision,
    version,
    lease: lease === null ? null : id(lease),
  };
}

/** What a delete leaves. */
export function stone(key: string, revision: number): KeyValue {
  return pair(key, '', [0, revision, 0]);
}
