const MiB = 1024 * 1024;

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
const MAX_PARTS = 10_000;
const MAX_PART_BYTES = 5 * 1024 * MiB;
/** Above S3's minimum of 5 MiB; three such buffers are what one upload costs in memory. */
const SMALLEST_PART_BYTES = 8 * MiB;
const UNKNOWN_PART_BYTES = 16 * MiB;
/** Parts before this one are all of the planned size; from here on they grow, by one planned size every `GROWTH_STEP` parts. */
const EQUAL_PARTS = 8_000;
const GROWTH_STEP = 40;

export interface MultipartPlan {
  readonly partBytes: number;
  /** Parts under way at once; one more is being filled, so an upload holds `(inFlight + 1) * partBytes` of memory. */
  readonly inFlight: number;
  /** R2 wants every part but the last to be of one size. */
  readonly equalOnly: boolean;
}

/**
 * Sizes for a multipart upload, from the most that is likely to come.
 *
 * Parts are equal as long as the expectation holds, and 8 MiB up to 67 GB. Where more comes than expected they grow after the 8,000th,
 * so that the 10,000 parts hold at least 7 times the expectation, and 1 TB when nothing was expected; R2 takes no growing parts, and
 * there they hold 1.25 times the expectation, and 167 GB when nothing was expected.
 *
 * @param expectedBytes absent when nobody knows
 */
export function planMultipart(expectedBytes?: number, options: { equalOnly?: boolean } = {}): MultipartPlan {
  const wanted = expectedBytes === undefined ? UNKNOWN_PART_BYTES : Math.ceil(expectedBytes / EQUAL_PARTS / MiB) * MiB;
  const partBytes = Math.min(MAX_PART_BYTES, Math.max(SMALLEST_PART_BYTES, wanted));
  return { partBytes, inFlight: partBytes <= 2 * SMALLEST_PART_BYTES ? 2 : 1, equalOnly: options.equalOnly ?? false };
}

/** How large part number `number` (from 1) is to be; `null` when there may be no such part. */
export function partBytesAt(plan: MultipartPlan, number: number): number | null {
  if (number > MAX_PARTS) return null;
  if (plan.equalOnly || number <= EQUAL_PARTS) return plan.partBytes;
  const growth = 1 + Math.ceil((number - EQUAL_PARTS) / GROWTH_STEP);
  return Math.min(MAX_PART_BYTES, plan.partBytes * growth);
}

/** The largest object that an upload by this plan can make. */
export function capacityOf(plan: MultipartPlan): number {
  let bytes = 0;
  for (let number = 1; number <= MAX_PARTS; number++) bytes += partBytesAt(plan, number) ?? 0;
  return bytes;
}
