import { join } from 'node:path';
import { $ } from 'zx';

// npm run check: types, then formatting and lint. Both say everything they have to say before this ends.
const run = $({ cwd: join(import.meta.dirname, '..'), preferLocal: true, stdio: 'inherit', nothrow: true });
const types = await run`tsc`;
const lint = await run`biome check --error-on-warnings .`;
process.exitCode = types.exitCode === 0 && lint.exitCode === 0 ? 0 : 1;
