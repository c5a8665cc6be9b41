import type { Endpoint } from './endpoint.ts';

export const LOCK_ENDPOINTS = {} as const satisfies Record<string, Endpoint>;
