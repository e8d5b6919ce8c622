// Bytes that ride along in a gzip file: in the extra fields (RFC 1952, 2.3.1.1) of members that hold no text. Whoever unpacks the file
// sees only what the other members hold.

/** Magic, deflate, "has an extra field", no time, no hints, unknown system. */
const HEADER = Buffer.from([0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 255]);
const SUBFIELD = Buffer.from("TM");
/** Nothing, deflated; its checksum and its length. */
const TRAILER = Buffer.from([3, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
const LENGTHS_AND_NAME_BYTES = 6;
const FRAME_BYTES = HEADER.length + LENGTHS_AND_NAME_BYTES;
/** The length of an extra field has 16 bits, and counts the four bytes before the piece. */
const MOST_PIECE_BYTES = 65_531;

/** Members to be put before those with text. */
export function sideMembers(bytes: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += MOST_PIECE_BYTES) {
    const piece = bytes.subarray(at, at + MOST_PIECE_BYTES);
    const field = Buffer.alloc(LENGTHS_AND_NAME_BYTES);
    field.writeUInt16LE(piece.length + 4, 0);
    SUBFIELD.copy(field, 2);
    field.writeUInt16LE(piece.length, 4);
    parts.push(HEADER, field, piece, TRAILER);
  }
  return Buffer.concat(parts);
}

/** What rides along in front, and where the text begins; no bytes where nothing does. */
export function readSideBytes(file: Buffer): { side: Buffer; textAt: number } {
  const pieces: Buffer[] = [];
  let at = 0;
  for (let piece = pieceAt(file, at); piece !== undefined; piece = pieceAt(file, at)) {
    pieces.push(piece);
    at += FRAME_BYTES + piece.length + TRAILER.length;
  }
  return { side: Buffer.concat(pieces), textAt: at };
}

function pieceAt(file: Buffer, at: number): Buffer | undefined {
  if (file.length < at + FRAME_BYTES || !holds(file, at, HEADER)) return undefined;
  const length = file.readUInt16LE(at + FRAME_BYTES - 2);
  const isOurs = holds(file, at + HEADER.length + 2, SUBFIELD) && file.readUInt16LE(at + HEADER.length) === length + 4;
  const begin = at + FRAME_BYTES;
  if (!isOurs || !holds(file, begin + length, TRAILER)) return undefined;
  return file.subarray(begin, begin + length);
}

const holds = (file: Buffer, at: number, bytes: Buffer): boolean => file.subarray(at, at + bytes.length).equals(bytes);
