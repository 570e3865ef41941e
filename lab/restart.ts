import { giveOrder } from './control.ts';

/** `restart.ts DIRECTORY WHAT`: asks the lab that runs in DIRECTORY to (re)start `backend/server`, `haproxy` or `traefik`; 0 when it runs. */
const [directory, what] = process.argv.slice(2);
if (directory === undefined || what === undefined) {
  process.stderr.write('usage: restart.ts DIRECTORY WHAT\n');
  process.exit(2);
}
try {
  process.stdout.write(await giveOrder(directory, { verb: 'restart', what }));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
