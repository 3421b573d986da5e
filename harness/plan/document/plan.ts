export const planDocument = undefined;
