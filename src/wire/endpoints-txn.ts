import type { Endpoint } from './endpoint.ts';

export const TXN_ENDPOINTS = {} as const satisfies Record<string, Endpoint>;
