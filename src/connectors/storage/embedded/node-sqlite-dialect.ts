import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import { type Dialect, SqliteDialect, type SqliteStatement } from 'kysely';

/** How many prepared statements are kept: our queries are few and their texts repeat. */
const statementsMax = 200;

/** Lets Kysely speak to `node:sqlite`, with prepared statements kept between queries. */
export function nodeSqliteDialect(database: DatabaseSync): Dialect {
  const statements = new Map<string, SqliteStatement>();
  return new SqliteDialect({
    database: {
      prepare(text) {
        const kept = statements.get(text);
        if (kept !== undefined) return kept;
        if (statements.size >= statementsMax) statements.clear();
        const statement = adapt(database.prepare(text));
        statements.set(text, statement);
        return statement;
      },
      close: () => database.close(),
    },
  });
}

function adapt(statement: StatementSync): SqliteStatement {
  const inputs = (parameters: readonly unknown[]) => parameters.map(inputOf);
  return {
    reader: statement.columns().length > 0,
    all: (parameters) => statement.all(...inputs(parameters)),
    run: (parameters) => statement.run(...inputs(parameters)),
    iterate: (parameters) => statement.iterate(...inputs(parameters)) as IterableIterator<unknown>,
  };
}

function inputOf(value: unknown): SQLInputValue {
  if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint') return value;
  throw new RangeError(`a column cannot hold ${typeof value}; write text, a number or null`);
}
