import { describe, expect, it } from "vitest";
import { crc32c, maskedCrc32c } from "../../../../src/tfjs/tensorboard/crc32c.ts";

const ascending = Uint8Array.from({ length: 32 }, (_, i) => i);
const iscsiRead = Buffer.from(
  "01c00000000000000000000000000000140000000000040000000014000000182800000000000000" + "0200000000000000",
  "hex",
);

describe("CRC-32C", () => {
  it.each([
    ["32 bytes of zeroes", new Uint8Array(32), 0x8a9136aa],
    ["32 bytes of ones", new Uint8Array(32).fill(0xff), 0x62a8ab43],
    ["32 ascending bytes", ascending, 0x46dd794e],
    ["32 descending bytes", ascending.toReversed(), 0x113fdb5c],
    ["an iSCSI read command", iscsiRead, 0xd9963a56],
  ])("is that of RFC 3720, B.4, for %s", (_, bytes, crc) => {
    expect(crc32c(bytes)).toBe(crc);
  });

  it("is the usual check value, also of a part", () => {
    expect(crc32c(Buffer.from("123456789"))).toBe(0xe3069283);
    expect(crc32c(Buffer.from("x123456789y"), 1, 10)).toBe(0xe3069283);
    expect(crc32c(new Uint8Array(0))).toBe(0);
  });

  it("is masked as in every event file of TensorFlow, which begins with a record of 24 bytes", () => {
    const length = Uint8Array.of(24, 0, 0, 0, 0, 0, 0, 0);
    expect(maskedCrc32c(length)).toBe(0x224b7fa3);
    expect(maskedCrc32c(Uint8Array.of(1, ...length, 2), 1, 9)).toBe(0x224b7fa3);
  });
});
