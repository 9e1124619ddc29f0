/**
 * Reads the protocol buffers wire format (protobuf.dev/programming-guides/encoding) strictly: what does not fit is a Failure
 * with its offset, never a shorter answer. Unlike generated decoders it refuses cut messages.
 *
 * int64 becomes a double: exact to 2^53, rounded to the nearest double above (256 ns for today's Unix nanoseconds).
 */
import { Failure } from "./failure.ts";

export const WireType = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;
export type WireType = (typeof WireType)[keyof typeof WireType];

const TWO_28 = 2 ** 28;
const TWO_56 = 2 ** 56;

/** A cursor in a message. Messages nest: {@link enter} narrows it to the message that begins here, {@link leave} widens it again. */
export class WireReader {
  readonly bytes: Uint8Array;
  position = 0;
  /** End of the message that is being read. */
  end: number;
  readonly #file: string;

  constructor(bytes: Uint8Array, file: string) {
    this.bytes = bytes;
    this.end = bytes.length;
    this.#file = file;
  }

  get hasMore(): boolean {
    return this.position < this.end;
  }

  /** An unsigned varint, as of tags, lengths, ids and addresses. */
  varint(): number {
    if (this.position < this.end) {
      const first = this.bytes[this.position] as number;
      if (first < 0x80) {
        this.position++;
        return first;
      }
    }
    return this.#longVarint(false);
  }

  /** A varint that stands for an int64 in two's complement: the negative ones are ten bytes long. */
  int64(): number {
    if (this.position < this.end) {
      const first = this.bytes[this.position] as number;
      if (first < 0x80) {
        this.position++;
        return first;
      }
    }
    return this.#longVarint(true);
  }

  /** Steps into the message or string that begins here with its length; the result has to be given to {@link leave}. */
  enter(): number {
    const start = this.position;
    const length = this.varint();
    const outer = this.end;
    if (length > outer - this.position) this.#failAtEnd(start, `a field of ${length} bytes does not fit`);
    this.end = this.position + length;
    return outer;
  }

  leave(outer: number): void {
    this.position = this.end;
    this.end = outer;
  }

  /** Passes over the value of a field that is of no interest. */
  skip(tag: number): void {
    const start = this.position;
    const type = tag & 7;
    if (tag < 8) this.fail("malformed", start, "field number 0");
    if (type === WireType.varint) this.varint();
    else if (type === WireType.bytes) this.leave(this.enter());
    else if (type === WireType.fixed64 || type === WireType.fixed32) {
      this.position += type === WireType.fixed64 ? 8 : 4;
      if (this.position > this.end) this.#failAtEnd(start, "a fixed field does not fit");
    } else this.fail("malformed", start, `wire type ${type} does not exist`);
  }

  /** Strict readers call this for a known field: a field of another wire type is no such message. */
  expect(tag: number, type: WireType): void {
    if ((tag & 7) !== type) this.fail("malformed", this.position, `field ${tag >>> 3} has wire type ${tag & 7}, not ${type}`);
  }

  fail(code: "malformed" | "truncated", offset: number, what: string): never {
    throw new Failure({
      code,
      message: code === "truncated" ? `is cut at byte ${this.bytes.length}: ${what}` : `is damaged at byte ${offset}: ${what}`,
      where: { file: this.#file, offset },
      hint: "Take the capture again, or use an earlier one; a download that was interrupted looks like this.",
    });
  }

  /** What does not fit into the whole file is cut; what does not fit into its own message is damaged. */
  #failAtEnd(offset: number, what: string): never {
    return this.fail(this.end === this.bytes.length ? "truncated" : "malformed", offset, what);
  }

  /**
   * In three parts of 28, 28 and 8 bits, so that no intermediate result is rounded: -1 is (-1)·2^56 + (2^28-1)·2^28 + (2^28-1).
   */
  #longVarint(isSigned: boolean): number {
    const { bytes, end } = this;
    const start = this.position;
    let position = start;
    let low = 0;
    let middle = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (position >= end) this.#failAtEnd(start, "a number does not end");
      const byte = bytes[position++] as number;
      if (shift < 28) low |= (byte & 0x7f) << shift;
      else if (shift < 56) middle |= (byte & 0x7f) << (shift - 28);
      else high += (byte & 0x7f) << (shift - 56);
      if (byte < 0x80) {
        if (high > 0xff) break;
        this.position = position;
        if (isSigned && high > 0x7f) high -= 0x100;
        return high * TWO_56 + middle * TWO_28 + low;
      }
    }
    return this.fail("malformed", start, "a number has more than 64 bits");
  }
}
