/** Of every store in memory: each is another one, and nobody else can reach it. */
export const URI = "memory:";
