import type { Answer, DataAnswer, GetAnswer, Pair } from './answer.ts';
import type { Concrete, DataOperation, Get, Sort } from './operation.ts';

/**
 * What is left out of an answer: the order of pairs that are equal in what they were sorted by
 * ('ties'); and which pairs came where no order was asked for, but a sort and a limit ('limits').
 */
type What = 'ties' | 'limits';

/** An answer without some of what its gets say. */
export function simplified(operation: Concrete, answer: Answer, what: What): unknown {
  switch (answer.type) {
    case 'get':
    case 'txn':
    case 'put':
    case 'delete':
      return simplifiedData(operation as DataOperation<number>, answer, what);
    default:
      return answer;
  }
}

function simplifiedData(op: DataOperation<number>, answer: DataAnswer, what: What): unknown {
  if (op.type === 'get' && answer.type === 'get') return simplifiedGet(op, answer, what);
  if (op.type !== 'txn' || answer.type !== 'txn') return answer;
  const ops = answer.succeeded ? op.success : op.failure;
  const results = answer.results.map((result, i) => {
    const inner = ops[i];
    return inner === undefined ? result : simplifiedData(inner, result, what);
  });
  return { ...answer, results };
}

function simplifiedGet(get: Get<number>, answer: GetAnswer, what: What): unknown {
  const { sort = 'key', order, limit = 0, keysOnly } = get;
  if (sort === 'key') return answer;
  if (what === 'limits' && order === undefined && limit > 0) {
    return { ...answer, kvs: answer.kvs.length };
  }
  // Without values nothing says which pairs were equal in them.
  const isHidden = sort === 'value' && keysOnly === true;
  const sortedBy = (pair: Pair): unknown => (isHidden ? null : SORTED_BY[sort](pair));
  const groups = Map.groupBy(answer.kvs, sortedBy);
  // The limit has chosen among those that were equal to the last one.
  const last = answer.more ? [...groups.keys()].at(-1) : undefined;
  const kvs = [...groups].map(([by, pairs]) => [by, by === last ? pairs.length : byKey(pairs)]);
  return { ...answer, order: answer.kvs.map(sortedBy), kvs };
}

const SORTED_BY: Readonly<Record<Exclude<Sort, 'key'>, (pair: Pair) => unknown>> = {
  version: ({ version }) => version,
  create: ({ createRevision }) => createRevision,
  mod: ({ modRevision }) => modRevision,
  value: ({ value }) => value,
};

function byKey(pairs: readonly Pair[]): Pair[] {
  return pairs.toSorted((a, b) => (a.key < b.key ? -1 : 1));
}
