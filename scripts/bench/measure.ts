import { type SpawnOptions, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';

export interface Measured {
  readonly seconds: number;
  /** The process's own peak resident memory (VmHWM), children not counted; 0 where /proc does not tell. */
  readonly peakBytes: number;
  /** Bytes that the process itself sent to a disk; 0 where /proc does not tell. */
  readonly diskBytes: number;
  readonly stdout: string;
}

const SAMPLE_MS = 20;

/** Runs a program to its end; throws when it fails. */
export async function measure(command: string, args: readonly string[], options: SpawnOptions = {}): Promise<Measured> {
  const started = performance.now();
  const child = spawn(command, args, { ...options, stdio: ['ignore', options.stdio === 'ignore' ? 'ignore' : 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    stdout += chunk;
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk;
  });
  let peakBytes = 0;
  let diskBytes = 0;
  const sample = setInterval(async () => {
    const [status, io] = await Promise.all(['status', 'io'].map((file) => readFile(`/proc/${child.pid}/${file}`, 'utf8').catch(() => '')));
    peakBytes = Math.max(peakBytes, Number(/VmHWM:\s+(\d+) kB/.exec(status ?? '')?.[1] ?? 0) * 1024);
    diskBytes = Math.max(diskBytes, Number(/^write_bytes: (\d+)$/m.exec(io ?? '')?.[1] ?? 0));
  }, SAMPLE_MS);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  clearInterval(sample);
  const seconds = (performance.now() - started) / 1000;
  if (code !== 0) throw new Error(`${command} ${args[0]} ended with ${code}: ${stderr.slice(-2000)}`);
  return { seconds, peakBytes, diskBytes, stdout };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? (sorted[middle] as number) : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}
