import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HaproxySocketError } from './haproxy-socket.ts';
import { administrativeState, checkResult } from './server-state.ts';
import { countOf, parseInfo, parseServersState, parseStat } from './stats-answers.ts';

const serversHeader =
  '1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr srv_agent_addr srv_agent_port';

describe('`show stat`', () => {
  it('is read by the names in its header, whatever their order', () => {
    const [row] = parseStat('# pxname,svname,status,check_status,unheard_of\nb,s,UP 1/3,* L4TOUT,7\n');
    expect([row?.get('status'), row === undefined ? null : checkResult(row)?.status]).toEqual(['UP 1/3', 'L4TOUT']);
  });

  it('may have quoted fields', () => {
    const [row] = parseStat('# pxname,svname,last_chk,scur\nb,s,"a ""b"", c",7\n');
    expect([row?.get('last_chk'), row === undefined ? null : countOf(row, 'scur')]).toEqual(['a "b", c', 7]);
  });

  it.each(['', 'HTTP/1.1 400 Bad request', 'pxname,svname'])('is not %j', (text) => {
    expect(() => parseStat(text)).toThrow(HaproxySocketError);
  });
});

describe('`show servers state`', () => {
  it.each<[string, string]>([
    ['0 1', 'maintenance'],
    ['0 5', 'maintenance'],
    ['0 2', 'tracked'],
    ['2 8', 'drain'],
    ['0 32', 'resolution'],
    ['2 0', 'ready'],
    ['0 33', 'maintenance'],
  ])('with the masks %s means %s', (masks, expected) => {
    const [row] = parseServersState(`${serversHeader}\n6 be 2 p2 127.0.0.1 ${masks} 1 1 17 8 2 0 6 0 0 0 - 28099 - 0 0 - - 0\n`);
    expect(administrativeState(null, row ?? null)).toBe(expected);
  });

  it('has no address where HAProxy has none', () => {
    const [row] = parseServersState(`${serversHeader}\n21 be 1 d1 - 0 32 1 1 17 1 0 0 14 0 0 0 nosuch.lab.test 80 - 1 0 - - 0\n`);
    expect(row).toMatchObject({ address: null, fqdn: 'nosuch.lab.test', port: 80, usesTls: true, initialWeight: 1 });
  });
});

describe('without the mask', () => {
  it.each([
    ['MAINT', 'maintenance'],
    ['MAINT (via b/s)', 'tracked'],
    ['MAINT (resolution)', 'resolution'],
    ['DRAIN 1/3', 'drain'],
    ['DOWN', 'ready'],
  ])('%s means %s', (status, expected) => {
    expect(administrativeState(new Map([['status', status]]), null)).toBe(expected);
  });
});

it('answers of any text are read or refused, with one kind of error', () => {
  for (const parse of [parseStat, parseServersState, parseInfo]) {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.constantFrom('# pxname,svname,x\n', `${serversHeader}\n`, 'Version: 1\n')),
        fc.string(),
        (head, tail) => {
          try {
            parse(head + tail);
          } catch (error) {
            if (!(error instanceof HaproxySocketError)) throw error;
          }
        },
      ),
    );
  }
});
