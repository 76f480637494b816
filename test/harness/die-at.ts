import { promises } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

// Loaded with --import: kills the process, without any warning, before the change to a folder whose number is in DIE_AT.
let changes = 0;
for (const name of ['link', 'rename', 'unlink'] as const) {
  const original = promises[name] as (...paths: string[]) => Promise<void>;
  (promises as unknown as Record<string, typeof original>)[name] = async (...paths) => {
    changes += 1;
    if (changes === Number(process.env['DIE_AT'])) process.kill(process.pid, 'SIGKILL');
    return original(...paths);
  };
}
syncBuiltinESMExports();
