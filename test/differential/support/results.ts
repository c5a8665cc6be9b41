/** Results of the state machine as answers. */

import type { KeyValue, KvResult, TxnOpResult } from '../../../src/kv/command.ts';
import type { KvChange } from '../../../src/kv/event.ts';
import { type Answer, type DataAnswer, type Event, failed } from './answer.ts';

/** @throws Error for a result that no operation of ours should bring about */
export function answerOfResult(result: KvResult | TxnOpResult): Answer {
  switch (result.type) {
    case 'put':
    case 'delete':
    case 'get':
    case 'txn':
      return answerOfOp(result);
    case 'compact':
      return { type: 'compact' };
    case 'lease-granted':
      return { type: 'lease-grant', id: result.id, ttl: result.ttl };
    case 'lease-kept':
      return { type: 'lease-keepalive', id: result.id, ttl: result.ttl };
    case 'lease-revoked':
      return { type: 'lease-revoke', revision: result.revision };
    case 'compacted':
    case 'future-revision':
    case 'key-not-found':
    case 'lease-not-found':
    case 'lease-exists':
      return failed(result.type);
    case 'invalid-command':
      return failed(faultOf(result.reason));
    default:
      throw new Error(`unexpected: ${JSON.stringify(result)}`);
  }
}

function faultOf(reason: string): 'too-many-operations' | 'duplicate-key' | 'invalid' {
  return reason === 'too-many-operations' || reason === 'duplicate-key' ? reason : 'invalid';
}

function answerOfOp(result: TxnOpResult): DataAnswer {
  const { revision } = result;
  switch (result.type) {
    case 'put': {
      const prev = result.prev === null ? null : { ...result.prev };
      return { type: 'put', revision, created: result.created, prev };
    }
    case 'get': {
      const { count, kvs, more } = result;
      return { type: 'get', revision, count, kvs, more };
    }
    case 'delete':
      return { type: 'delete', revision, deleted: result.deleted, prev: result.prev };
    case 'txn': {
      const { succeeded, results } = result;
      return { type: 'txn', revision, succeeded, results: results.map(answerOfOp) };
    }
  }
}

export function eventsOfChange({ events }: KvChange): Event[] {
  return events.map(({ type, kv, prev }) => ({ type, pair: pairOf(type, kv), prev }));
}

/** Of a deletion only the key and the revision mean anything. */
function pairOf(type: 'put' | 'delete', kv: KeyValue): KeyValue {
  if (type === 'put') return kv;
  const nothing = { value: '' as KeyValue['value'], createRevision: 0, version: 0, lease: null };
  return { ...nothing, key: kv.key, modRevision: kv.modRevision };
}
