import { formatLabels } from '../../model/labels.ts';
import { type Command, exit, outputOption, serverOption } from './command.ts';
import type { Io } from './io.ts';
import { ServerClient } from './server-client.ts';
import { type QueryShape, queryShape } from './server-shapes.ts';
import { createStyle, safe } from './terminal-text.ts';

export const query: Command = {
  name: 'query',
  summary: 'Ask a running daemon a PromQL question, at one instant.',
  effect: 'reads',
  arguments: [{ name: '<expr>', summary: 'the PromQL expression' }],
  options: [{ flags: '--time <instant>', summary: 'RFC 3339 or Unix seconds; without it, now' }, serverOption, outputOption],
  examples: ["proxymedic query 'up'", "proxymedic query 'sum by (backend) (rate(haproxy_backend_http_responses_total[1m]))' -o json"],
  async run(given, io) {
    const asked = new URLSearchParams({ query: given.argument(0) });
    const time = given.text('time');
    if (time !== null) asked.set('time', time);
    const answer = await new ServerClient(given.text('server') ?? '').get(`/api/v1/query?${asked}`);
    if (given.json) io.out(`${JSON.stringify(answer)}\n`);
    else tell(queryShape.parse(answer), io);
    return exit.done;
  },
};

/** As promtool prints it. */
function tell({ data, warnings, infos }: QueryShape, io: Io): void {
  const { warn } = createStyle(io.color);
  for (const text of [...warnings, ...infos]) io.err(`${warn('note')} ${safe(text)}\n`);
  switch (data.resultType) {
    case 'vector':
      for (const { metric, value } of data.result) io.out(`${series(metric)} => ${safe(value[1])} @[${value[0]}]\n`);
      return;
    case 'matrix':
      for (const { metric, values } of data.result) {
        io.out(`${series(metric)} =>\n${values.map(([at, value]) => `${safe(value)} @[${at}]\n`).join('')}`);
      }
      return;
    default:
      io.out(`${safe(data.result[1])} @[${data.result[0]}]\n`);
  }
}

function series(metric: Readonly<Record<string, string>>): string {
  const labels = formatLabels(metric);
  return safe(`${metric['__name__'] ?? ''}${labels === '{}' && metric['__name__'] !== undefined ? '' : labels}`);
}
