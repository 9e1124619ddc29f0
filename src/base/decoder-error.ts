/** What a decoder says about its input, in contrast to an error of the file below it or a bug. */
export class DecoderError extends Error {
  readonly code: string;

  constructor(message: string, code = "") {
    super(message);
    this.code = code;
  }
}

export function isDecoderError(cause: unknown): cause is DecoderError {
  return cause instanceof DecoderError;
}
