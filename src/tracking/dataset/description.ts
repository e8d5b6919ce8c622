/** What data says about itself. */
export interface DataDescription {
  /** 32 hexadecimal digits of a SHA-256 over the contents, their types and shapes. */
  readonly digest: string;
  /** Absent where the data has no form MLflow has a word for. */
  readonly schema?: object;
  readonly profile: object;
}

/** A SHA-256 in the 36 characters MLflow keeps of a digest. */
export const shortened = (hex: string): string => hex.slice(0, 32);
