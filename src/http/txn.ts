import { Elysia } from 'elysia';
import type { Services } from './services.ts';

export function txnRoutes(_services: Services): Elysia {
  return new Elysia();
}
