import { Elysia } from 'elysia';
import type { KvResult, TxnFields } from '../../kv/command.ts';
import { isReadOnly } from '../../kv/txn-rules.ts';
import type { RequestContext } from '../../node/api.ts';
import type { TxnAnswer } from '../../wire/txn.ts';
import { readJson } from '../request/json-body.ts';
import { Query } from '../request/query.ts';
import type { Services } from '../services.ts';
import { txnAnswerOf } from './txn-answer.ts';
import { TXN_DEPTH_MAX, txnOfBody } from './txn-body.ts';
import { requireBearable } from './txn-work.ts';
import { resultOf } from '../answer/written.ts';

/** `/txn`: several reads and writes as one. */
export function txnRoutes(services: Services): Elysia {
  const app = new Elysia();
  const { contexts, config } = services;
  const { limits } = config;
  app.post(
    '/txn',
    async ({ request, set, server }): Promise<TxnAnswer> => {
      Query.of(request.url, []);
      const txn = txnOfBody(await readJson(request, limits.requestBytes, TXN_DEPTH_MAX), limits);
      // The time for the answer runs from here: a slow upload must not end as an unknown outcome.
      const context = contexts.write(request, server);
      requireBearable(services.node.store, txn);
      return txnAnswerOf(txn, resultOf(await carryOut(services, txn, context), 'txn', set));
    },
    { parse: 'none' },
  );
  return app;
}

/**
 * What only reads need not be in the log: it is read here, as of everything acknowledged so far.
 * With a name it is put there, for it is to be answered the same again.
 */
async function carryOut(
  { node }: Services,
  txn: TxnFields,
  context: RequestContext,
): Promise<KvResult> {
  if (context.requestId !== null || !isReadOnly(txn)) {
    return await node.propose({ kind: 'txn', ...txn }, context);
  }
  await node.readBarrier(context);
  return node.store.readTxn(txn);
}
