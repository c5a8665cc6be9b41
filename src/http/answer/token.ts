import { base64OfBytes, type ByteString, bytesOfBase64 } from '../../lib/bytes.ts';

/** Bytes as a token that needs no encoding in a URL (base64url without padding, RFC 4648 §5). */
export function tokenOfBytes(bytes: ByteString): string {
  return base64OfBytes(bytes).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

/** The bytes of a token; null when it is not exactly what `tokenOfBytes` writes. */
export function bytesOfToken(token: string): ByteString | null {
  if (!/^[A-Za-z0-9_-]+$/.test(token)) return null;
  const base64 = token.replaceAll('-', '+').replaceAll('_', '/');
  return bytesOfBase64(base64.padEnd(Math.ceil(base64.length / 4) * 4, '='));
}
