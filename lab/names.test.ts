import { Resolver } from 'node:dns/promises';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NameServer, readQuestion } from './names.ts';

describe('the name server of the lab', () => {
  let names: NameServer;
  let resolver: Resolver;

  beforeEach(async () => {
    names = await NameServer.open();
    resolver = new Resolver({ timeout: 200, tries: 1 });
    resolver.setServers([`127.0.0.1:${names.port}`]);
  });

  afterEach(() => names.close());

  it('knows every name under lab.test', async () => {
    expect(await resolver.resolve4('s1.api.lab.test')).toEqual(['127.0.0.1']);
  });

  it('knows no other', async () => {
    await expect(resolver.resolve4('example.com')).rejects.toThrow(/ENOTFOUND/);
  });

  it('has no IPv6 address for a known name, which is not the same as no name', async () => {
    await expect(resolver.resolve6('s1.api.lab.test')).rejects.toThrow(/ENODATA/);
  });

  it.each([
    ['no-such-name', /ENOTFOUND/],
    ['server-failure', /ESERVFAIL/],
    ['silent', /ETIMEOUT/],
  ] as const)('fails with %s on command, for the names it was told', async (mode, message) => {
    names.set('s1.api.lab.test', mode);
    await expect(resolver.resolve4('s1.api.lab.test')).rejects.toThrow(message);
    expect(await resolver.resolve4('s2.api.lab.test')).toEqual(['127.0.0.1']);
    names.set('s1.api.lab.test', 'answer');
    expect(await resolver.resolve4('s1.api.lab.test')).toEqual(['127.0.0.1']);
  });

  it('reads any datagram without failing', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        const question = readQuestion(Buffer.from(bytes));
        if (question !== null) expect(question.endAt).toBeLessThanOrEqual(bytes.length);
      }),
    );
  });
});
