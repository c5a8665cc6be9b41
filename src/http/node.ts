import { Elysia } from 'elysia';
import type { StatusAnswer, SteerAnswer } from '../wire/node.ts';
import { Query } from './query.ts';
import type { Services } from './services.ts';

/** `/status` and the routes that steer this node's role. */
export function nodeRoutes({ node, config }: Services): Elysia {
  const app = new Elysia();
  const steer = (url: string, act: () => void): SteerAnswer => {
    Query.of(url, []);
    act();
    const { role, term } = node.status();
    return { role, term };
  };
  app.get('/status', ({ request }): StatusAnswer => {
    Query.of(request.url, []);
    return { ...node.status(), version: config.version };
  });
  app.post('/node/campaign', ({ request }) => steer(request.url, () => node.campaign()), {
    parse: 'none',
  });
  app.post('/node/step-down', ({ request }) => steer(request.url, () => node.stepDown()), {
    parse: 'none',
  });
  return app;
}
