import { Elysia } from 'elysia';
import type { Services } from './services.ts';

export function watchRoutes(_services: Services): Elysia {
  return new Elysia();
}
