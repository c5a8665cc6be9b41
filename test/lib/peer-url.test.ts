import { describe, expect, test } from 'bun:test';
import {
  isLoopback,
  isWildcard,
  originOf,
  parseOrigin,
  portOfOrigin,
} from '../../src/lib/peer-url.ts';

describe('parseOrigin', () => {
  test.each([
    ['http://10.0.0.1:8080', 'http://10.0.0.1:8080'],
    ['http://10.0.0.1:8080/', 'http://10.0.0.1:8080'],
    ['HTTPS://Example.ORG', 'https://example.org'],
    ['http://[::1]:80', 'http://[::1]'],
    ['http://a:1/path', null],
    ['http://a:1?x=1', null],
    ['http://a:1#x', null],
    ['http://user@a:1', null],
    ['http://:pass@a:1', null],
    ['http://a:0', null],
    ['http://a:70000', null],
    ['ftp://a:1', null],
    ['file:///etc/passwd', null],
    ['a:8080', null],
    ['', null],
  ])('%p', (text, expected) => {
    expect(parseOrigin(text)).toBe(expected);
  });
});

test('originOf and portOfOrigin are each other’s reverse', () => {
  expect(originOf('127.0.0.1', 8080)).toBe('http://127.0.0.1:8080');
  expect(originOf('::1', 8080)).toBe('http://[::1]:8080');
  expect(originOf('[::1]', 80)).toBe('http://[::1]');
  expect([8080, 80].map((port) => portOfOrigin(originOf('a', port)))).toEqual([8080, 80]);
  expect(portOfOrigin('https://a')).toBe(443);
});

test('loopback is what only this machine reaches', () => {
  expect(['127.0.0.1', '127.255.0.9', 'LOCALHOST', '::1', '[::1]'].map(isLoopback)).not.toContain(
    false,
  );
  const others = [
    '0.0.0.0',
    '10.0.0.1',
    '::',
    '127.evil.org',
    'localhost.evil.org',
    '1270.0.0.1',
    '',
  ];
  expect(others.map(isLoopback)).not.toContain(true);
});

test('a wildcard is every interface', () => {
  expect(['0.0.0.0', '::', '[::]', '0:0:0:0:0:0:0:0'].map(isWildcard)).not.toContain(false);
  expect(['10.0.0.0', '::1', '127.0.0.1'].map(isWildcard)).not.toContain(true);
});

test.each([
  'http://127.0.0.1:9/..',
  'http://127.0.0.1:9/%2e',
  'http:\\\\evil',
  'http://\\evil',
  ' http://a:1',
])('what the parser would have to repair is none: %s', (text) => {
  expect(parseOrigin(text)).toBeNull();
});
