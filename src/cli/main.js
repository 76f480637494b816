#!/usr/bin/env node
// JavaScript, so that Node does not have to load its compiler for TypeScript, of 15 MB, before it knows where it keeps what that has made.
import { enableCompileCache } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';

// Bytes stream through Buffers outside the heap, so a large young generation only collects them late: this keeps 30 to 40 MB.
setFlagsFromString('--optimize-for-size');
setFlagsFromString('--semi-space-growth-factor=1');
// Stripping the types of every module again would cost each run 100 ms and 25 MB. Not in the shared temporary folder: it is code that we run.
enableCompileCache(join(homedir(), '.cache', 'pg-lifeboat'));

const { runCli } = await import('./run.ts');
process.exitCode = await runCli(process.argv.slice(2), process);
