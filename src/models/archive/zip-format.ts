/** Signatures, sizes and bits of the zip format, as its APPNOTE has them. All numbers are little-endian. */
export const LOCAL_HEADER = { signature: 0x04034b50, bytes: 30 } as const;
export const DESCRIPTOR_SIGNATURE = 0x08074b50;
export const CENTRAL_HEADER = { signature: 0x02014b50, bytes: 46 } as const;
export const END_RECORD = { signature: 0x06054b50, bytes: 22 } as const;
export const ZIP64_LOCATOR = { signature: 0x07064b50, bytes: 20 } as const;
export const ZIP64_END_RECORD = { signature: 0x06064b50, bytes: 56 } as const;
export const ZIP64_EXTRA_ID = 1;

export const MOST_COMMENT_BYTES = 0xffff;

/** A field of this value is kept elsewhere, in its form of 64 bits. */
export const IN_ZIP64 = 0xffff_ffff;
export const IN_ZIP64_SHORT = 0xffff;

/** Of the flags. CRC-32 and sizes come after the data, in a descriptor. */
export const HAS_DESCRIPTOR = 1 << 3;
export const IS_UTF8 = 1 << 11;
/** How hard the compressor has tried: says nothing to a reader. */
export const COMPRESSOR_HINTS = 0b110;

export const STORED = 0;
export const DEFLATED = 8;

/** Of the upper half of the external attributes: the kind of file on Unix. */
export const UNIX_KIND = 0o170000;
export const UNIX_FILE = 0o100000;
export const UNIX_DIRECTORY = 0o040000;
