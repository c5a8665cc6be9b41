import { Elysia } from 'elysia';
import { bytesOfText, type ByteString } from '../../lib/bytes.ts';
import { systemClock } from '../../node/clock.ts';
import { contenderKey, contendersOf } from '../../node/locks/contender.ts';
import { LockQueue } from '../../node/locks/lock-queue.ts';
import { ApiError } from '../../wire/errors.ts';
import {
  type HeldAnswer,
  type LockStateAnswer,
  OWNER_BYTES_MAX,
  type ReleaseAnswer,
} from '../../wire/locks.ts';
import type { Problem } from '../../wire/problem.ts';
import { acquire } from './acquire.ts';
import { readJson } from '../request/json-body.ts';
import { type Field, objectOf, refused } from '../request/json-fields.ts';
import { restOfPath } from '../request/key.ts';
import { requireLeaseId } from '../leases/lease-id.ts';
import { pageLimitOf } from '../answer/page-items.ts';
import { Query } from '../request/query.ts';
import { clientOf, nameFieldsOf, queuePage } from './queue-answer.ts';
import { nameOf, placeLeaseOf, QUEUE_FIELDS, waitOf } from './queue-request.ts';
import type { Services } from '../services.ts';
import { resultOf } from '../answer/written.ts';

/** `/locks/{name}`: one holder at a time, in the order of arrival. The name may have slashes. */
export function lockRoutes(services: Services): Elysia {
  const app = new Elysia();
  addAcquire(app, services, new LockQueue(services.node, systemClock));
  addRead(app, services);
  addRelease(app, services);
  return app;
}

function addAcquire(app: Elysia, services: Services, queue: LockQueue): void {
  const { limits } = services.config;
  app.post(
    '/locks/*',
    async ({ request, set, server }): Promise<HeldAnswer | Problem> => {
      const name = lockOf(request.url, limits.keyBytes);
      Query.of(request.url, []);
      const body = await readJson(request, limits.requestBytes);
      const fields = objectOf({ path: '', value: body }, [...QUEUE_FIELDS, 'owner']);
      const lease = placeLeaseOf(fields);
      const waitMs = waitOf(fields, limits.lockWaitMs);
      const value = bytesOfText(fields.read('owner', ownerOf, ''));
      const content = { method: 'POST', lock: name, body };
      const ask = { name, value, lease, waitMs, content, hasOwners: true };
      return await acquire(services, queue, { ...ask, request, set, server });
    },
    { parse: 'none' },
  );
}

function addRead(app: Elysia, { node, contexts, config }: Services): void {
  const { limits } = config;
  app.get('/locks/*', async ({ request, set, server }): Promise<LockStateAnswer> => {
    const name = lockOf(request.url, limits.keyBytes);
    const query = Query.of(request.url, ['limit']);
    const limit = pageLimitOf(query, limits);
    await node.readBarrier(contexts.read(request, server));
    const { revision } = node.store;
    set.headers['abcd-revision'] = String(revision);
    const [holder, ...waiting] = contendersOf(node.store, name);
    return {
      ...nameFieldsOf(name),
      holder: holder === undefined ? null : clientOf(holder),
      queue: queuePage(waiting, limit, limits).map(clientOf),
      waiting: waiting.length,
      revision,
    };
  });
}

function addRelease(app: Elysia, { node, contexts, config }: Services): void {
  app.delete(
    '/locks/*',
    async ({ request, set, server }): Promise<ReleaseAnswer> => {
      const name = lockOf(request.url, config.limits.keyBytes);
      const text = Query.of(request.url, ['lease']).bytes('lease');
      if (text === null) throw new ApiError('bad-request', 'The parameter lease is required');
      const key = contenderKey(name, requireLeaseId(text));
      const context = contexts.write(request, server);
      const range = { key, end: null, open: false } as const;
      const proposal = { kind: 'delete', ...range, condition: null, prev: false } as const;
      const { deleted, revision } = resultOf(await node.propose(proposal, context), 'delete', set);
      if (deleted > 0) return { deleted, revision };
      throw new ApiError('lock-not-held', 'The lease neither holds the lock nor waits for it', {
        revision,
      });
    },
    { parse: 'none' },
  );
}

function lockOf(url: string, keyBytes: number): ByteString {
  return nameOf(restOfPath(url, '/locks/'), keyBytes);
}

function ownerOf(field: Field): string {
  const { value } = field;
  const isText = typeof value === 'string' && value.isWellFormed();
  if (isText && Buffer.byteLength(value) <= OWNER_BYTES_MAX) return value;
  throw refused(field, `text of at most ${OWNER_BYTES_MAX} bytes, without lone surrogates`);
}
