/** One suite over every format and its captures; what it demands is in `testing/conformance.ts`. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { HEAD_BYTES } from "../base/recognition.ts";
import { inputFromBytes } from "../base/source.ts";
import { checkProfile } from "../model/check-profile.ts";
import type { Profile } from "../model/profile.ts";
import { assertNoticesCuts, assertSameHoweverItComes, assertSameProfile, capturesOf, readOrFail } from "../testing/conformance.ts";
import { mutate, seededRandom } from "../testing/damage.ts";
import { formats } from "./index.ts";
import { readCapture, recognizeFormat } from "./recognize.ts";

const FUZZ_CASES = 10_000;

for (const format of formats) {
  const captures = capturesOf(format.id);
  const read = (input: Parameters<typeof format.read>[0]): Promise<Profile> => format.read(input, { symbolize: false });

  test(`${format.id} has a capture to be tested with`, () => {
    assert.ok(captures.length > 0, `put one into samples/formats/${format.id}/ or add "${format.id}" to src/testing/captures.ts`);
  });

  for (const capture of captures) {
    test(`${format.id}: ${capture.name} is recognised by its own format only, whatever its name is`, async () => {
      const { head } = await inputFromBytes(capture.name, capture.bytes);
      for (const name of [capture.name, "renamed.bin", "-"]) {
        assert.equal(recognizeFormat(head, name).id, format.id);
        for (const other of formats) {
          if (other !== format) assert.equal(other.recognize(head, name), "no", `${other.id} takes it for its own`);
        }
      }
    });

    test(`${format.id}: ${capture.name} holds what was written into it`, async () => {
      const profile = await readCapture(await inputFromBytes(capture.name, capture.bytes), { symbolize: false });
      checkProfile(profile);
      assert.equal(profile.captures[0]?.format, format.id);
      if (capture.liveBytes !== undefined) assert.equal(profile.captures[0]?.liveBytes, capture.liveBytes);
      const allocatedBytes = Array.from(profile.changes.allocatedBytes).reduce((sum, bytes) => sum + bytes, 0);
      if (capture.allocatedBytes !== undefined) assert.equal(allocatedBytes, capture.allocatedBytes);
    });

    test(`${format.id}: ${capture.name} gives the same profile from a file, from gzip and byte by byte`, async () => {
      await assertSameHoweverItComes(capture, read);
    });

    test(`${format.id}: a name says nothing of ${capture.name} but its process and whether it was taken at exit`, async () => {
      const named = await read(await inputFromBytes(capture.name, capture.bytes));
      const renamed = await read(await inputFromBytes("-", capture.bytes));
      assertSameProfile({ ...renamed, origin: named.origin, endsWithExit: named.endsWithExit }, named);
    });

    test(`${format.id}: ${capture.name} cut anywhere is refused or said to be damaged`, async () => {
      await assertNoticesCuts(capture, format.id, read);
    });
  }
}

test("a damaged capture of any format is refused or read, and never crashes a reader", async () => {
  const random = seededRandom(20_261);
  const all = formats.flatMap((format) => capturesOf(format.id).map((capture) => ({ format, capture })));
  const small = all.filter(({ capture }) => capture.bytes.length <= 2 * HEAD_BYTES);
  let answered = 0;
  for (let round = 0; round < FUZZ_CASES; round++) {
    const { format, capture } = small[round % small.length] ?? assert.fail("no captures");
    const profile = await readOrFail(capture.name, mutate(capture.bytes, random), (input) => format.read(input, { symbolize: false }));
    if (profile !== null) answered++;
  }
  assert.ok(answered > FUZZ_CASES / 20, `only ${answered} of ${FUZZ_CASES} were answered: the mutations are too coarse to test anything`);
});
