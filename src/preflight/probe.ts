import { randomBytes } from 'node:crypto';
import { compactTime } from '../format/layout.ts';
import type { Store } from '../storage/store.ts';

/** No database's folder: those never begin with a dot (src/format/layout.ts). */
export const PROBE_ROOT = '.lifeboat-preflight';
/** A preflight is over by then; whatever is older was left by one that was killed. */
const LEFTOVER_MS = 3_600_000;
const CLEANING_MS = 15_000;

/** A folder for one run: `.lifeboat-preflight/20261120T020013Z-3f9a0c`. */
export function newProbeFolder(now: Date): string {
  return `${PROBE_ROOT}/${compactTime(now)}-${randomBytes(3).toString('hex')}`;
}

/** When a probe's object or upload was begun, by its folder's name; `null` for what is none of ours. */
export function probeTime(key: string): Date | null {
  const [, y, mo, d, h, mi, s] = /^\.lifeboat-preflight\/(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z-[0-9a-f]{6}\//.exec(key) ?? [];
  return y === undefined ? null : new Date(`${y}-${mo}-${d}T${h}:${mi}:${s}Z`);
}

/** Removes what killed runs left; answers with how many objects and uploads that were. */
export async function removeLeftovers(store: Store, now: Date, signal: AbortSignal): Promise<number> {
  const isOld = (key: string) => {
    const begun = probeTime(key);
    return begun !== null && now.getTime() - begun.getTime() > LEFTOVER_MS;
  };
  return removeWhere(store, PROBE_ROOT, isOld, signal);
}

/** Removes all of one run, also when that was told to stop. Never throws: the next run tries again. */
export async function removeProbe(store: Store, folder: string): Promise<void> {
  await removeWhere(store, folder, (key) => key.startsWith(`${folder}/`), AbortSignal.timeout(CLEANING_MS)).catch(() => {});
}

async function removeWhere(store: Store, folder: string, wanted: (key: string) => boolean, signal: AbortSignal): Promise<number> {
  let removed = 0;
  const keys: string[] = [];
  for await (const { key } of store.list(folder, { signal })) if (wanted(key)) keys.push(key);
  for (const key of keys) await store.delete(key, { signal });
  removed += keys.length;
  try {
    for await (const upload of store.unfinished(folder, { signal })) {
      if (!wanted(upload.key)) continue;
      await store.abandon(upload, { signal });
      removed += 1;
    }
  } catch {
    // not every role may list uploads; the check of multipart says so
  }
  return removed;
}
