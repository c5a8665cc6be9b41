import { Elysia } from 'elysia';
import type { HashAnswer } from '../../wire/node.ts';
import { OCTETS } from '../answer/media.ts';
import { Query } from '../request/query.ts';
import { revisionToRead } from '../answer/read-state.ts';
import type { Exchange, Services } from '../services.ts';

/**
 * Seconds for which nothing may move: the file of a large store takes its time to be written, and
 * its reader too; but one that stands still must not keep it for ever.
 */
const BACKUP_IDLE_S = 240;

/** `/hash` and `/backup`: the store as a whole. */
export function storeRoutes(services: Services): Elysia {
  const { node, contexts } = services;
  const app = new Elysia();
  app.get('/hash', async ({ request, set, server }): Promise<HashAnswer> => {
    const query = Query.of(request.url, ['revision']);
    const asked = query.revision();
    if (query.has('revision')) return hashAt(services, asked, { request, set, server });
    const { revision } = node.store;
    set.headers['abcd-revision'] = String(revision);
    return { revision, appliedIndex: node.status().appliedIndex, hash: node.store.hash() };
  });
  app.get('/backup', async ({ request, server }) => {
    Query.of(request.url, []);
    const file = await node.backup(contexts.read(request, server));
    server?.timeout(request, BACKUP_IDLE_S);
    return new Response(file, {
      headers: {
        'content-type': OCTETS,
        'content-disposition': `attachment; filename="abcd-${node.clusterId}.jsonl"`,
      },
    });
  });
  return app;
}

/** Of what a read at the revision sees, once this node knows it; 0 for the newest. */
async function hashAt(
  { node, contexts, slices }: Services,
  asked: number,
  { request, set, server }: Exchange,
): Promise<HashAnswer> {
  const context = contexts.read(request, server);
  if (asked === 0 || asked > node.store.revision) await node.readBarrier(context);
  const { store } = node;
  const revision = revisionToRead(store, asked);
  const { appliedIndex } = node.status();
  set.headers['abcd-revision'] = String(store.revision);
  const hash = await slices.run(store.pin().hashing(revision), context);
  return { revision, appliedIndex, hash };
}
