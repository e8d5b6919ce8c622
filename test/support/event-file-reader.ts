/** An event as the file has it. */
export interface ReadEvent {
  readonly wallTimeS: number;
  readonly step: bigint;
  readonly fileVersion?: string;
  readonly scalars: readonly { readonly tag: string; readonly value: number }[];
}

/**
 * Reads an event file from the formats' specifications, shares no code with the writer and is as slow as it is plain: checksums
 * bit by bit, all integers as bigint. Throws at anything that is not whole.
 */
export function readEventFile(bytes: Uint8Array): ReadEvent[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const events: ReadEvent[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = Number(view.getBigUint64(at, true));
    expectCrc(view.getUint32(at + 8, true), bytes.subarray(at, at + 8));
    const data = bytes.subarray(at + 12, at + 12 + length);
    if (data.length !== length) throw new Error(`a record of ${length} bytes at ${at} is torn`);
    expectCrc(view.getUint32(at + 12 + length, true), data);
    events.push(readEvent(data));
    at += 16 + length;
  }
  return events;
}

function expectCrc(stored: number, data: Uint8Array): void {
  const mask = 2n ** 32n - 1n;
  let crc = mask;
  for (const byte of data) {
    crc ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit++) crc = crc % 2n === 1n ? (crc / 2n) ^ 0x82f63b78n : crc / 2n;
  }
  crc ^= mask;
  const rotated = (crc >> 15n) + (crc % 2n ** 15n) * 2n ** 17n;
  const expected = (rotated + 0xa282ead8n) % 2n ** 32n;
  if (BigInt(stored) !== expected) throw new Error(`checksum ${stored}, the data has ${expected}`);
}

function readEvent(data: Uint8Array): ReadEvent {
  const event = readMessage(data);
  const [fileVersion] = event.texts(3);
  const summaries = event.messages(5).flatMap((summary) => summary.messages(1));
  return {
    wallTimeS: event.fixed(1).getFloat64(0, true),
    step: BigInt.asIntN(64, event.varint(2) ?? 0n),
    ...(fileVersion === undefined ? {} : { fileVersion }),
    scalars: summaries.map((value) => ({
      tag: value.texts(1)[0] ?? "",
      value: value.fixed(2).getFloat32(0, true),
    })),
  };
}

type Field = { readonly number: number; readonly content: bigint | Uint8Array };

function readMessage(data: Uint8Array) {
  const fields = readFields(data);
  const chunks = (number: number) =>
    fields.flatMap((field) => (field.number === number && field.content instanceof Uint8Array ? [field.content] : []));
  return {
    varint: (number: number) => fields.map((field) => field.number === number && field.content).find(isBigInt),
    fixed: (number: number): DataView => {
      const [chunk] = chunks(number);
      if (chunk === undefined) throw new Error(`no field ${number}`);
      return new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    },
    texts: (number: number) => chunks(number).map((chunk) => new TextDecoder("utf-8", { fatal: true }).decode(chunk)),
    messages: (number: number) => chunks(number).map(readMessage),
  };
}

const isBigInt = (value: unknown) => typeof value === "bigint";

function readFields(data: Uint8Array): Field[] {
  const fields: Field[] = [];
  let at = 0;
  const varint = (): bigint => {
    for (let value = 0n, shift = 0n; shift < 70n; shift += 7n) {
      const byte = BigInt(data[at++] as number);
      value |= (byte & 127n) << shift;
      if (byte < 128n) return value;
    }
    throw new Error("a varint of more than ten bytes");
  };
  const take = (length: number) => {
    if (at + length > data.length) throw new Error("a field beyond the end of its message");
    at += length;
    return data.subarray(at - length, at);
  };
  while (at < data.length) {
    const key = Number(varint());
    const number = Math.floor(key / 8);
    if (key % 8 === 0) fields.push({ number, content: varint() });
    else if (key % 8 === 1) fields.push({ number, content: take(8) });
    else if (key % 8 === 2) fields.push({ number, content: take(Number(varint())) });
    else if (key % 8 === 5) fields.push({ number, content: take(4) });
    else throw new Error(`field ${number} has the unknown type ${key % 8}`);
  }
  return fields;
}
