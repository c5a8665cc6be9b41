import { ConfigError } from '../lib/settings.ts';
import { textField } from './http.ts';

/** A port that nobody uses at the moment. */
export function findFreePort(host: string): number {
  return tryPort(host, 0);
}

/**
 * Finds out early, before anything is written, whether the address can be had.
 *
 * @throws ConfigError
 */
export function requireFreePort(host: string, port: number): void {
  tryPort(host, port);
}

function tryPort(host: string, port: number): number {
  try {
    const server = Bun.serve({
      hostname: host,
      port,
      reusePort: false,
      fetch: () => new Response(),
    });
    const found = Number(server.port);
    void server.stop(true);
    return found;
  } catch (error) {
    throw portError(host, port, error);
  }
}

/** What a failure to listen means for the user. */
export function portError(host: string, port: number, error: unknown): ConfigError {
  const code = textField(error, 'code');
  if (code === 'EADDRINUSE') {
    return new ConfigError(
      `--port ${port} is in use on ${host}: stop what listens there, or choose another port`,
    );
  }
  if (code === 'EADDRNOTAVAIL') {
    return new ConfigError(`--host ${host} is no address of this machine`);
  }
  const why = error instanceof Error ? error.message : String(error);
  return new ConfigError(`--host ${host} --port ${port} cannot be listened on: ${why}`);
}
