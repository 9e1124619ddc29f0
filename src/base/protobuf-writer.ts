/**
 * Writes the protocol buffers wire format (protobuf.dev/programming-guides/encoding): the few kinds of field that pprof has.
 * Zero is written, too, so that packed numbers keep their places. Numbers are whole doubles below
 * 2^63; those above 2^53 are as exact as a double is.
 */
const UTF8 = new TextEncoder();

export class WireWriter {
  #bytes: Uint8Array = new Uint8Array(1024);
  #length = 0;

  varint(field: number, value: number): void {
    this.#varint(field * 8);
    this.#varint(value);
  }

  text(field: number, value: string): void {
    this.#block(field, UTF8.encode(value));
  }

  message(field: number, write: (message: WireWriter) => void): void {
    const inner = new WireWriter();
    write(inner);
    this.#block(field, inner.finish());
  }

  packed(field: number, values: readonly number[]): void {
    const inner = new WireWriter();
    for (const value of values) inner.#varint(value);
    this.#block(field, inner.finish());
  }

  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  #block(field: number, bytes: Uint8Array): void {
    this.#varint(field * 8 + 2);
    this.#varint(bytes.length);
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** By division: shifts of JavaScript end at 32 bits. */
  #varint(value: number): void {
    if (!Number.isInteger(value) || value < 0 || value >= 2 ** 63) throw new RangeError(`${value} is no number that can be written`);
    this.#reserve(9);
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes[this.#length++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#bytes[this.#length++] = rest;
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + count));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }
}
