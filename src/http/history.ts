import { Elysia } from 'elysia';
import type { Services } from './services.ts';

export function historyRoutes(_services: Services): Elysia {
  return new Elysia();
}
