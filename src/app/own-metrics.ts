/** Our own numbers in Prometheus' text format. Counters live as long as the process. */
export class OwnMetrics {
  readonly #counters = new Map<string, { help: string; values: Map<string, number> }>();
  readonly #gauges: { name: string; help: string; read(): number | Promise<number> }[] = [];

  count(name: string, help: string, labels: Readonly<Record<string, string>> = {}, by = 1): void {
    const counter = this.#counters.get(name) ?? { help, values: new Map<string, number>() };
    const key = labelText(labels);
    counter.values.set(key, (counter.values.get(key) ?? 0) + by);
    this.#counters.set(name, counter);
  }

  gauge(name: string, help: string, read: () => number | Promise<number>): void {
    this.#gauges.push({ name, help, read });
  }

  async render(): Promise<string> {
    const lines: string[] = [];
    for (const [name, { help, values }] of this.#counters) {
      lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} counter`, ...[...values].map(([labels, value]) => `${name}${labels} ${value}`));
    }
    for (const { name, help, read } of this.#gauges)
      lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} gauge`, `${name} ${await read()}`);
    return `${lines.join('\n')}\n`;
  }
}

function labelText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}
