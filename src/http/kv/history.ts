import { Elysia } from 'elysia';
import type { KeyValue } from '../../kv/command.ts';
import {
  type CompactAnswer,
  CompactBody,
  HISTORY_LIMIT_DEFAULT,
  HISTORY_LIMIT_MAX,
  type KeyVersion,
} from '../../wire/history.ts';
import { jsonBody } from '../request/json-body.ts';
import { keyOfUrl, requireKey } from '../request/key.ts';
import type { KeyRequest } from './key-resource.ts';
import { PageItems } from '../answer/page-items.ts';
import { valueFieldsOf } from '../answer/pair.ts';
import { Query } from '../request/query.ts';
import { revisionToRead, stateFor } from '../answer/read-state.ts';
import type { Services } from '../services.ts';
import type { Steps } from '../answer/slices.ts';
import { resultOf } from '../answer/written.ts';

const PARAMETERS = ['limit', 'revision', 'consistency'];

/** `/history/{key}`, with `/history?key=` as its twin, and `/compact`: what was, and its end. */
export function historyRoutes(services: Services): Elysia {
  const app = new Elysia();
  const { node, contexts, config } = services;
  const { keyBytes } = config.limits;
  app.get('/history/*', async ({ request, set, server }) => {
    const key = keyOfUrl(request.url, keyBytes, '/history/');
    const query = Query.of(request.url, PARAMETERS);
    return readHistory(services, { key, query, request, set, server });
  });
  app.get('/history', async ({ request, set, server }) => {
    const query = Query.of(request.url, ['key', ...PARAMETERS]);
    const key = requireKey(query.bytes('key'), keyBytes);
    return readHistory(services, { key, query, request, set, server });
  });
  app.post(
    '/compact',
    async ({ request, server, set, body }): Promise<CompactAnswer> => {
      Query.of(request.url, []);
      const proposal = { kind: 'compact', revision: body.revision } as const;
      const result = await node.propose(proposal, contexts.write(request, server));
      const { revision, compactRevision } = resultOf(result, 'compact', set);
      return { revision, compactRevision };
    },
    jsonBody(CompactBody, config.limits),
  );
  return app;
}

/** The JSON of a HistoryAnswer. Of a key that never was, or is forgotten, there are no versions. */
async function readHistory(
  { node, contexts, config, slices }: Services,
  { key, query, request, set, server }: KeyRequest,
): Promise<string> {
  const limit = query.integer('limit', 1, HISTORY_LIMIT_MAX) ?? HISTORY_LIMIT_DEFAULT;
  const asked = query.revision();
  const context = contexts.read(request, server);
  const store = await stateFor(node, query, context);
  const found = store.history(key, limit + 1, revisionToRead(store, asked));
  set.headers['abcd-revision'] = String(store.revision);
  set.headers['content-type'] = 'application/json';
  const steps = historySteps(found, limit, store.compactRevision, config.limits.pageBytes);
  return await slices.run(steps, context);
}

function* historySteps(
  found: readonly KeyValue[],
  limit: number,
  compactRevision: number,
  pageBytes: number,
): Steps<string> {
  const page = new PageItems(pageBytes);
  for (const version of found) {
    if (page.count === limit || !page.add(JSON.stringify(versionOf(version)))) break;
    yield;
  }
  const more = page.count < found.length;
  const versions = page.texts.join(',');
  return `{"versions":[${versions}],"compactRevision":${compactRevision},"more":${more}}`;
}

function versionOf(pair: KeyValue): KeyVersion {
  const { modRevision, version, value, createRevision, lease } = pair;
  const fields = { modRevision, version, ...valueFieldsOf(value) };
  // A deletion is a version with the number 0.
  if (version === 0) return { ...fields, deleted: true };
  return lease === null ? { ...fields, createRevision } : { ...fields, createRevision, lease };
}
