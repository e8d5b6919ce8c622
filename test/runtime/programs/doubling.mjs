export const load = () => 2;
export const predict = (factor, input) => Array.from(input, (value) => factor * value);
