import { Elysia } from 'elysia';
import type { Watch } from '../../node/watch/watch.ts';
import { ApiError } from '../../wire/errors.ts';
import { clientGone, shuttingDown } from '../../wire/usual-errors.ts';
import { beginEndless } from '../streams/endless.ts';
import { EVENT_STREAM, NDJSON } from '../answer/media.ts';
import type { Exchange, Services } from '../services.ts';
import { watchBody } from './watch-body.ts';
import { WatchDeliveries } from './watch-deliveries.ts';
import { type Outlet, WatchDelivery } from './watch-delivery.ts';
import { eventFormat, lineFormat, messageFormat, type WatchFormat } from './watch-format.ts';
import { watchFormOf, watchSpecOf } from './watch-request.ts';
import { WatchSocket } from './watch-socket.ts';
import type { SocketServer } from './web-socket.ts';

/** `/watch`: changes as they happen. */
export function watchRoutes(services: Services): Elysia {
  const app = new Elysia();
  const resource = new WatchResource(services);
  app.get('/watch', async ({ request, set, server }) => resource.open({ request, set, server }));
  return app;
}

interface WatchRequest extends Exchange {
  readonly server: (Exchange['server'] & SocketServer) | null;
}

/** Opens watches, in whichever form the client wants. */
class WatchResource {
  readonly #services: Services;
  readonly #deliveries: WatchDeliveries;
  readonly #events = eventFormat();
  readonly #lines = lineFormat();
  readonly #messages = messageFormat();

  constructor(services: Services) {
    this.#services = services;
    this.#deliveries = new WatchDeliveries(services.config.heartbeatMs, services.shutdown);
  }

  async open(asked: WatchRequest): Promise<Response | undefined> {
    const { node, contexts, config, shutdown } = this.#services;
    const { request, set, server } = asked;
    const spec = watchSpecOf(request, config.limits.keyBytes);
    const watch = await node.watch(spec, contexts.read(request, server));
    try {
      if (shutdown.aborted) throw shuttingDown();
      if (request.signal.aborted) throw clientGone();
      set.headers['abcd-revision'] = String(node.store.revision);
      return this.#answer(asked, watch);
    } catch (error) {
      watch.close();
      throw error;
    }
  }

  #answer({ request, set, server }: WatchRequest, watch: Watch): Response | undefined {
    const form = watchFormOf(request);
    if (form === 'socket') return this.#upgrade({ request, set, server }, watch);
    const format = form === 'lines' ? this.#lines : this.#events;
    set.headers['vary'] = 'Accept';
    const hurry = beginEndless({ request, set, server });
    const body = watchBody((outlet) => this.#deliver(watch, format, outlet), hurry);
    const type = form === 'lines' ? NDJSON : EVENT_STREAM;
    return new Response(body, { headers: { 'content-type': type } });
  }

  #upgrade({ request, set, server }: WatchRequest, watch: Watch): undefined {
    const speaker = new WatchSocket((outlet) => this.#deliver(watch, this.#messages, outlet));
    const headers = Object.fromEntries(
      Object.entries(set.headers).map(([name, value]) => [name, String(value)]),
    );
    if (server?.upgrade(request, { data: speaker, headers }) === true) return undefined;
    throw new ApiError('bad-request', 'This is not the handshake of a WebSocket (RFC 6455)');
  }

  #deliver<T>(watch: Watch, format: WatchFormat<T>, outlet: Outlet<T>): WatchDelivery<T> {
    let leave = (): void => undefined;
    const { watcherBytes: budgetBytes } = this.#services.config.limits;
    const delivery: WatchDelivery<T> = new WatchDelivery({
      watch,
      format,
      outlet,
      budgetBytes,
      soon: () => this.#deliveries.flushSoon(delivery),
      left: () => leave(),
    });
    leave = this.#deliveries.add(delivery);
    return delivery;
  }
}
