import type { WireCommand } from '../../model/plan.ts';

/** A command as a person would type or see it. */
export function commandText(command: WireCommand): string {
  switch (command.kind) {
    case 'run':
      return command.argv.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : JSON.stringify(word))).join(' ');
    case 'haproxy':
      return command.line;
    case 'write-file':
      return `write ${command.path}\n${command.content}`;
    case 'delete-file':
      return `delete ${command.path}`;
  }
}

/** A command in one line, for timelines and the audit: the content of a file stays with the plan. */
export function commandLine(command: WireCommand): string {
  switch (command.kind) {
    case 'run':
      return command.argv.join(' ');
    case 'haproxy':
      return command.line;
    case 'write-file':
      return `write ${command.path}`;
    case 'delete-file':
      return `delete ${command.path}`;
  }
}
