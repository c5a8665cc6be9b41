import { Elysia } from 'elysia';
import type { Services } from './services.ts';

export function electionRoutes(_services: Services): Elysia {
  return new Elysia();
}
