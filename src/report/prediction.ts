import type { Prediction } from '../catalog/predict.ts';
import { bytes, seconds } from './format.ts';

/** What a recovery will take in six months, as part of a sentence. */
export function predictionText(prediction: Prediction | { readonly unknown: string }): string {
  if ('unknown' in prediction) return `not predicted: ${prediction.unknown}`;

  const size = bytes(prediction.bytes);
  return `${seconds(prediction.rtoSeconds)} by machine, at ${size}: the trend of ${prediction.proofs} proofs over ${prediction.days} days`;
}
