import type { Endpoint } from './endpoint.ts';

export const WATCH_ENDPOINTS = {} as const satisfies Record<string, Endpoint>;
