import { expect, test } from 'vitest';
import { FileMemory } from './file-memory.ts';

test('a file stays the same object as long as its text does', () => {
  const memory = new FileMemory();
  const first = memory.file('a.md', 'one');
  memory.begin();
  expect(memory.file('a.md', 'one')).toBe(first);
  expect(memory.file('a.md', 'two')).not.toBe(first);
  expect(memory.file('b.md', 'one')).not.toBe(first);
});

test('a file that one load leaves out is forgotten', () => {
  const memory = new FileMemory();
  const first = memory.file('a.md', 'one');
  memory.begin();
  memory.begin();
  expect(memory.file('a.md', 'one')).not.toBe(first);
});
