/** Whether the best value of a metric is its smallest, by its name: that of a loss or an error is. */
export const isSmallerBetter = (key: string): boolean => /loss|error/i.test(key);
