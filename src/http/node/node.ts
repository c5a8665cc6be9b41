import { Elysia } from 'elysia';
import type { StatusAnswer, SteerAnswer } from '../../wire/node.ts';
import type { Problem } from '../../wire/problem.ts';
import { once } from '../request/once.ts';
import { Query } from '../request/query.ts';
import type { Exchange, Services } from '../services.ts';

/** `/status` and the routes that steer this node's role. */
export function nodeRoutes(services: Services): Elysia {
  const { node, config, contexts } = services;
  const app = new Elysia();
  const steer =
    (name: string, act: () => void) =>
    async ({ request, server, set }: Exchange): Promise<SteerAnswer | Problem> => {
      Query.of(request.url, []);
      const context = contexts.write(request, server);
      return once(services, { context, set, content: [name] }, () => {
        act();
        const { role, term } = node.status();
        return { role, term };
      });
    };
  app.get('/status', ({ request }): StatusAnswer => {
    Query.of(request.url, []);
    return { ...node.status(), version: config.version };
  });
  const [campaign, stepDown] = [() => node.campaign(), () => node.stepDown()];
  app.post('/node/campaign', steer('campaign', campaign), { parse: 'none' });
  app.post('/node/step-down', steer('step-down', stepDown), { parse: 'none' });
  return app;
}
