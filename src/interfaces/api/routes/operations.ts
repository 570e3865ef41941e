import { Problem } from '../problem.ts';
import { type Route, route } from '../route.ts';

/** Health, readiness, reload and our own metrics, where Prometheus has them. */
export const operationRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/-/healthy',
    summary: 'The process is alive',
    answers: 'text',
    handle: () => ({ text: 'proxymedic is healthy.\n', type: 'text/plain; charset=utf-8' }),
  }),
  route({
    method: 'GET',
    path: '/-/ready',
    summary: 'The first round of scrapes and rules is done',
    answers: 'text',
    handle(_, verbs) {
      if (!verbs.ready()) throw new Problem('not-ready', 'the first round of scrapes and rules is not done yet');
      return { text: 'proxymedic is ready.\n', type: 'text/plain; charset=utf-8' };
    },
  }),
  route({
    method: 'POST',
    path: '/-/reload',
    summary: 'Read the configuration again',
    answers: 'text',
    async handle(_, verbs) {
      const result = await verbs.reload();
      if (!result.ok) throw new Problem('bad-config', result.errors.join('\n'), { errors: result.errors });
      return { text: 'reloaded\n', type: 'text/plain; charset=utf-8' };
    },
  }),
  route({
    method: 'GET',
    path: '/metrics',
    summary: 'Our own metrics',
    answers: 'Prometheus text format',
    handle: async (_, verbs) => ({ text: await verbs.metrics(), type: 'text/plain; version=0.0.4; charset=utf-8' }),
  }),
];
