/**
 * Base URLs of nodes. Only scheme, host and port: a path, a query or credentials would be sent on
 * to wherever somebody who may name members wants them.
 */

/** The origin (`http://10.0.0.1:8080`) that the text names, or null when it is anything else. */
export function parseOrigin(text: string): string | null {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) return null;
  const plain = url.username === '' && url.password === '' && url.search === '' && url.hash === '';
  if (!plain || url.pathname !== '/' || url.hostname === '' || url.port === '0') return null;
  // The parser repairs much (`\\`, `/..`); what needs repair is not what somebody meant.
  return /^https?:\/\/[^/\\?#@%\s]+\/?$/i.test(text) ? url.origin : null;
}

/** The origin of an HTTP server at this address; an IPv6 address gets its brackets. */
export function originOf(host: string, port: number): string {
  const bare = host.replace(/^\[|\]$/g, '');
  return new URL(`http://${bare.includes(':') ? `[${bare}]` : bare}:${port}`).origin;
}

/** The port that a server at this origin listens on. */
export function portOfOrigin(origin: string): number {
  const url = new URL(origin);
  return url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);
}

/** Whether only this machine can reach the address. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '').toLowerCase();
  return bare === 'localhost' || bare === '::1' || /^127(\.\d{1,3}){3}$/.test(bare);
}

/** Whether the address means "every interface", which no peer can connect to. */
export function isWildcard(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '');
  return bare === '0.0.0.0' || /^[0:]+$/.test(bare);
}
