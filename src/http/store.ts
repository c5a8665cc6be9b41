import { Elysia } from 'elysia';
import type { HashAnswer } from '../wire/node.ts';
import { Query } from './query.ts';
import type { Services } from './services.ts';

/** `/hash` and `/backup`: the store as a whole. */
export function storeRoutes({ node, contexts }: Services): Elysia {
  const app = new Elysia();
  app.get('/hash', ({ request, set }): HashAnswer => {
    const query = Query.of(request.url, ['revision']);
    const { revision } = node.store;
    query.requireCurrentRevision(revision);
    set.headers['abcd-revision'] = String(revision);
    return { revision, appliedIndex: node.status().appliedIndex, hash: node.store.hash() };
  });
  app.get('/backup', async ({ request, server }) => {
    Query.of(request.url, []);
    const file = await node.backup(contexts.read(request, server));
    // However long the client takes: the stream waits for it.
    server?.timeout(request, 0);
    return new Response(file, {
      headers: {
        'content-type': 'application/octet-stream',
        'content-disposition': `attachment; filename="abcd-${node.clusterId}.jsonl"`,
      },
    });
  });
  return app;
}
