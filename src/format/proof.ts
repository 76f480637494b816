import { z } from 'zod';

export const PROOF_FORMAT = 1;

/** Something a check saw that a person should act on. */
const finding = z.object({
  /** What it is about: a table, an index, a part. */
  object: z.string(),
  message: z.string(),
});

const check = z.object({
  name: z.string(),
  verdict: z.enum(['pass', 'fail', 'not-run']),
  /** How many things it looked at. */
  examined: z.int().nonnegative(),
  /** Why it did not run, or what it leaves unsaid. */
  reason: z.string().optional(),
  findings: z.array(finding),
  /** What it did not look at, and why: not examined is never clean. */
  skipped: z.array(z.object({ object: z.string(), reason: z.string() })),
});

const phase = z.object({ name: z.string(), seconds: z.number() });

const proof = z.object({
  format: z.literal(PROOF_FORMAT),
  backup: z.string(),
  database: z.string(),
  at: z.iso.datetime(),
  tool: z.string(),
  /** Binds the proof to the manifest that it was made against. */
  manifestSha256: z.string(),
  /** `proven`: every check that a proof rests on passed, and none failed. `incomplete`: nothing failed, but one of those could not run. */
  verdict: z.enum(['proven', 'failed', 'incomplete']),
  scratch: z.object({
    kind: z.enum(['cluster', 'database']),
    serverVersion: z.string(),
    /** The locale used where the source's own was not to be had; absent when it is the source's. */
    localeInstead: z.string().optional(),
  }),
  checks: z.array(check),
  rows: z.int().nonnegative(),
  rto: z.object({ seconds: z.number(), targetSeconds: z.number(), met: z.boolean(), phases: z.array(phase) }),
  /** Beside the RTO, not inside: a real recovery does not wait for it. */
  verification: z.object({ seconds: z.number(), phases: z.array(phase) }),
  rpo: z.object({ seconds: z.number(), targetSeconds: z.number(), met: z.boolean() }),
  storedBytes: z.int().nonnegative(),
  restoredBytes: z.int().nonnegative(),
  /** The model of `modelled` in `indexes`: what two of them say is not compared. Absent in older proofs. */
  indexModel: z.int().optional(),
  /** The freshly built indexes, before anything else was done with them: what the live ones are measured against (src/drill/fresh-indexes.ts). */
  indexes: z.array(
    z.object({
      schema: z.string(),
      name: z.string(),
      bytes: z.int(),
      pages: z.int(),
      tuples: z.number(),
      /** Whether `tuples` were counted by the index's build, and not by ANALYZE's sample; absent where they were not. */
      counted: z.boolean().optional(),
      /** Of a B-tree: what the model makes of it by the statistics of the drill's database (src/indexes/bloat/modelled.ts); absent where they are no foundation. */
      modelled: z.object({ low: z.number(), mid: z.number(), high: z.number(), sampleRows: z.number() }).optional(),
      /** Whether it is the index of the manifest, valid and with the same definition; absent in older proofs. */
      asDefined: z.boolean().optional(),
    }),
  ),
});

export type Proof = z.infer<typeof proof>;
export type Check = Proof['checks'][number];
export type Finding = Check['findings'][number];
export type Verdict = Proof['verdict'];

/** `null` for text that is not a proof this version can read: a proof that cannot be read proves nothing. */
export function parseProof(text: string): Proof | null {
  try {
    return proof.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
