/**
 * From what a sampler saw to what there was. Samplers that take an allocation of S bytes with the probability 1-exp(-S/R) see
 * small ones rarely; dividing by that probability is unbiased, once, and per stack (or per stack and size), never on totals.
 *
 * Sources: `AdjustSamples` of jeprof, `scaleHeapSample` of github.com/google/pprof, profile/legacy_profile.go.
 */

/** How many allocations stand behind each that was seen. Worked example: objects of R bytes are seen with 1-1/e, so 1.58. */
export function unsampleFactor(blocks: number, bytes: number, meanIntervalBytes: number): number {
  if (blocks <= 0 || bytes <= 0 || meanIntervalBytes <= 1) return 1;
  return 1 / -Math.expm1(-bytes / blocks / meanIntervalBytes);
}
