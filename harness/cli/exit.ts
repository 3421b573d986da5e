export const exitCodes = {
  pass: 0,
  fail: 1,
  unknown: 2,
  usage: 254,
  bug: 255,
  interrupted: 130,
  brokenPipe: 141,
} as const;
