import { expect, test } from 'vitest';
import { formatHostPort, isLoopback, parseHostPort } from './host-port.ts';

test.each([
  ['127.0.0.1:8081', { host: '127.0.0.1', port: 8081 }],
  ['[::1]:80', { host: '::1', port: 80 }],
  ['web-1:80', { host: 'web-1', port: 80 }],
  [':80', { host: '', port: 80 }],
  ['127.0.0.1:0', { host: '127.0.0.1', port: 0 }],
])('reads %s', (text, expected) => {
  expect(parseHostPort(text)).toEqual(expected);
});

test.each(['', '80', 'host', 'host:', 'host:99999', '::1:80', 'http://a:80', 'a b:80', 'user@a:80'])('refuses %j', (text) => {
  expect(parseHostPort(text)).toBeNull();
});

test('prints IPv6 addresses in brackets', () => {
  expect(formatHostPort({ host: '::1', port: 80 })).toBe('[::1]:80');
  expect(formatHostPort({ host: 'a', port: 80 })).toBe('a:80');
});

test.each([
  ['127.0.0.1', true],
  ['127.1.2.3', true],
  ['::1', true],
  ['localhost', true],
  ['0.0.0.0', false],
  ['', false],
  ['10.0.0.1', false],
  ['127.example.org', false],
])('says whether %j is loopback', (host, expected) => {
  expect(isLoopback(host)).toBe(expected);
});
